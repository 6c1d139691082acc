-- What is over is closed, and kept for a while; what is open can be counted at each scrape.
ALTER TABLE findings ADD COLUMN closed_at INTEGER;
CREATE INDEX findings_open ON findings (connection, code, level) WHERE closed_at IS NULL;
CREATE INDEX findings_closed ON findings (closed_at) WHERE closed_at IS NOT NULL;

-- For "does any lead still have a value that the CRM refused?".
CREATE INDEX syncs_rejected ON syncs (connection) WHERE rejected IS NOT NULL AND rejected <> '{}';

-- The newest delivery of each source, repeats included: written now and then, never with a delivery.
CREATE TABLE sources (
    name        TEXT PRIMARY KEY,
    received_at INTEGER NOT NULL,
    type        TEXT NOT NULL
) WITHOUT ROWID;

-- Every milestone that a lead has passed, so that those which nobody mapped can be told.
CREATE TABLE milestones (
    space    TEXT NOT NULL,
    name     TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    PRIMARY KEY (space, name)
) WITHOUT ROWID;
