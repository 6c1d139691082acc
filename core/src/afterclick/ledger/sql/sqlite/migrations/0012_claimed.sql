-- A record that an operator gave to the lead, and that has not got the lead's key yet.
ALTER TABLE syncs ADD COLUMN claimed INTEGER NOT NULL DEFAULT 0;
