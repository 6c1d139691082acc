-- What is due is counted at every scrape. With both versions in the index its rows alone tell; without, each of a
-- hundred thousand was looked up in the table.
DROP INDEX syncs_due;
CREATE INDEX syncs_due ON syncs (connection, due_at, wanted, synced, state) WHERE state = 'active' AND wanted > synced;
