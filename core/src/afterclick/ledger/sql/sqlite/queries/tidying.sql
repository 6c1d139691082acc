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

-- name: pick_stubs
-- The conditions repeat the partial index's own: only then can it be used. A stub may go once no journey of it is
-- open and no CRM has, or may have, anything of it. The newest lead stays: its number would be given again.
SELECT id, changed_at < :before AND id < (SELECT max(id) FROM leads)
    AND NOT EXISTS (SELECT 1 FROM journeys WHERE lead = l.id)
    AND NOT EXISTS (SELECT 1 FROM leads WHERE joined_into = l.id)
    AND NOT EXISTS (SELECT 1 FROM syncs
                    WHERE lead = l.id AND (record_id IS NOT NULL OR doubles IS NOT NULL OR sending IS NOT NULL))
FROM leads l INDEXED BY leads_nameless
WHERE joined_into IS NULL AND keys GLOB 'event:*' AND id > :after ORDER BY id LIMIT :look

-- name: pick_expired
-- Likewise: stubs with a record of ours that have not changed for long, and were not looked at since it was long.
SELECT id, changed_at + :expire <= :now
    AND EXISTS (SELECT 1 FROM syncs
                WHERE connection = :connection AND lead = l.id AND state = 'active' AND synced >= wanted
                  AND record_id IS NOT NULL AND created_by_us AND synced_at < changed_at + :expire)
FROM leads l INDEXED BY leads_nameless
WHERE joined_into IS NULL AND keys GLOB 'event:*' AND id > :after ORDER BY id LIMIT :look

-- name: count_stubs
SELECT s.connection, count(*), sum(l.changed_at < ?), min(l.changed_at)
FROM leads l INDEXED BY leads_nameless CROSS JOIN syncs s ON s.lead = l.id
WHERE l.joined_into IS NULL AND l.keys GLOB 'event:*' AND s.record_id IS NOT NULL AND s.created_by_us
GROUP BY s.connection ORDER BY s.connection

-- name: leave_events
UPDATE events SET lead = NULL, reason = ? WHERE lead IN (SELECT value FROM json_each(?))

-- name: drop_lead_identities
DELETE FROM identities WHERE lead IN (SELECT value FROM json_each(?))

-- name: drop_lead_codes
DELETE FROM code_leads WHERE lead IN (SELECT value FROM json_each(?))

-- name: drop_lead_observations
DELETE FROM observations WHERE (connection, lead) IN (
    SELECT connection, lead FROM syncs WHERE lead IN (SELECT value FROM json_each(?)))

-- name: drop_lead_syncs
DELETE FROM syncs WHERE lead IN (SELECT value FROM json_each(?))

-- name: drop_leads
DELETE FROM leads WHERE id IN (SELECT value FROM json_each(?))
