-- Forgetting, a little at a time.

-- name: forget_addresses
-- Address hashes pair installs with claims for a short while and are nobody's business after it.
UPDATE events SET ip_hash = NULL
WHERE id IN (SELECT id FROM events WHERE ip_hash IS NOT NULL AND received_at < ? LIMIT 500)

-- name: forget_journey_addresses
UPDATE journeys SET ip_hash = NULL
WHERE ip_hash IS NOT NULL AND ip_at < ? AND (space, key) IN (
    SELECT space, key FROM journeys WHERE ip_hash IS NOT NULL AND ip_at < ? LIMIT 500)

-- name: drop_journeys
DELETE FROM journeys WHERE (space, key) IN (SELECT space, key FROM journeys WHERE expires_at < ? LIMIT 500)

-- name: drop_seen
DELETE FROM seen WHERE (bucket, hash16) IN (
    SELECT bucket, hash16 FROM seen WHERE bucket BETWEEN 1 AND ? AND received_at < ? LIMIT 500)

-- name: drop_attempts
DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE at < ? ORDER BY at LIMIT 500)

-- name: drop_findings
DELETE FROM findings WHERE (code, connection, subject) IN (
    SELECT code, connection, subject FROM findings WHERE closed_at < ? LIMIT 500)

-- name: pick_old_events
-- The newest event stays whatever its age: SQLite would give its number again.
SELECT id, state NOT IN ('new', 'failed') AND id < (SELECT max(id) FROM events), received_at < :before
FROM events WHERE id > :after ORDER BY id LIMIT :look

-- name: drop_events
DELETE FROM events WHERE id IN (SELECT value FROM json_each(?))
