-- Work on many leads or events at an operator's word: what, how far, how it ended.
CREATE TABLE operations (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL,
    connection TEXT NOT NULL,
    selection  TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'running',
    cursor     INTEGER NOT NULL,
    looked     INTEGER NOT NULL DEFAULT 0,
    changed    INTEGER NOT NULL DEFAULT 0,
    expected   INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX operations_running ON operations (id) WHERE state = 'running';

-- A back-fill is an operation, with a cursor of its own.
ALTER TABLE connections DROP COLUMN backfill_cursor;

-- The finding behind a sync that was set aside.
ALTER TABLE syncs ADD COLUMN code TEXT;
CREATE INDEX syncs_in_trouble ON syncs (connection, lead) WHERE state <> 'active' OR first_failed_at IS NOT NULL;
