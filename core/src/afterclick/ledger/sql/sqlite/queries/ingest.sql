-- Storing deliveries.

-- name: seen
-- Which of these deliveries were received before.
SELECT bucket, hash16 FROM seen WHERE (bucket, hash16) IN (VALUES {rows})

-- name: append
-- One statement, and so one commit, per group of deliveries.
INSERT INTO events (space, source, type, bucket, hash16, occurred_at, received_at, time_replaced, ip_hash, body,
                    state, reason)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL

-- name: stored
-- The bucket is written out: only then is the partial index found.
SELECT id, space, source, type, bucket, hash16, occurred_at, received_at, body, ip_hash, time_replaced, state, lead,
       decision, reason
FROM events WHERE bucket = 0 AND hash16 = ?

-- name: was_seen
SELECT 1 FROM seen WHERE bucket = ? AND hash16 = ?
