-- How long the oldest lead has been waiting: its `due_at` moves on with every failure, so that alone does not tell.
CREATE INDEX syncs_failing ON syncs (connection, first_failed_at)
WHERE state = 'active' AND wanted > synced AND first_failed_at IS NOT NULL;
