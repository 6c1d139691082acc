-- Connections that only observe: what they have looked at, and what they would have written.

-- The version last looked at. It says nothing of what the CRM has, that is `synced`: so a lead that was only
-- observed is still behind, and a lane that may write finds it due.
ALTER TABLE syncs ADD COLUMN observed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX syncs_observed ON syncs (connection, lead) WHERE observed > 0;

CREATE TABLE observations (
    connection  TEXT NOT NULL,
    lead        INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    operation   TEXT NOT NULL,
    record_kind TEXT,
    record_id   TEXT,
    changes     INTEGER NOT NULL,
    absorbed    INTEGER NOT NULL,
    detail      TEXT NOT NULL,
    PRIMARY KEY (connection, lead)
) WITHOUT ROWID;
CREATE INDEX observations_at ON observations (at);
CREATE INDEX observations_of_record ON observations (connection, record_kind, record_id) WHERE record_id IS NOT NULL;
