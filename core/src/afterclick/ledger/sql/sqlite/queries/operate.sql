-- Work at an operator's word, in small steps. A `pick` passes rows by their id and tells which of them the
-- operation is for; an `apply` changes those.

-- name: put_operation
INSERT INTO operations (kind, connection, selection, cursor, expected, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
RETURNING id, kind, connection, selection, state, cursor, looked, changed, expected, created_at, updated_at

-- name: same_operation
SELECT id, kind, connection, selection, state, cursor, looked, changed, expected, created_at, updated_at
FROM operations WHERE state = 'running' AND kind = ? AND connection = ? AND selection = ?

-- name: operation
SELECT id, kind, connection, selection, state, cursor, looked, changed, expected, created_at, updated_at
FROM operations WHERE id = ?

-- name: operations
SELECT id, kind, connection, selection, state, cursor, looked, changed, expected, created_at, updated_at
FROM operations ORDER BY id DESC LIMIT ?

-- name: running_operations
SELECT id, kind, connection, selection, state, cursor, looked, changed, expected, created_at, updated_at
FROM operations WHERE state = 'running' ORDER BY id

-- name: move_operation
UPDATE operations SET state = :state, cursor = :cursor, looked = looked + :looked, changed = changed + :changed,
                      updated_at = :now
WHERE id = :id

-- name: cancel_operation
UPDATE operations SET state = 'cancelled', updated_at = ? WHERE id = ? AND state = 'running'

-- name: pick_retry
-- The condition in brackets is the partial index's own: only then can it be used. The primary key has the same
-- order and would be taken instead, and read through all that is well.
SELECT lead, (SELECT joined_into IS NULL FROM leads WHERE id = syncs.lead)
    AND CASE state WHEN 'parked' THEN :parked WHEN 'held' THEN :held ELSE :failing AND wanted > synced END
    AND (:lead IS NULL OR lead = :lead)
    AND (:code IS NULL OR code = :code)
    AND (NOT :recreate OR code = 'record-gone')
    AND (:reason IS NULL OR instr(lower(reason), lower(:reason)) > 0)
FROM syncs INDEXED BY syncs_in_trouble
WHERE connection = :connection AND lead > :after AND (state <> 'active' OR first_failed_at IS NOT NULL)
ORDER BY lead LIMIT :look

-- name: apply_retry
UPDATE syncs SET state = 'active', code = NULL, reason = NULL, tries = 0, first_failed_at = NULL, rejected = NULL,
                 due_at = :now, synced = min(synced, wanted - 1)
WHERE connection = :connection AND lead IN (SELECT value FROM json_each(:ids))

-- name: drop_gone_records
-- Records of these persons that are in their rows; doubles stay theirs.
DELETE FROM records
WHERE connection = :connection
  AND lead IN (SELECT id FROM leads WHERE id IN (SELECT value FROM json_each(:ids))
               UNION ALL SELECT id FROM leads WHERE joined_into IN (SELECT value FROM json_each(:ids)))
  AND (kind, id) = (SELECT record_kind, record_id FROM syncs WHERE connection = :connection AND lead = records.lead)

-- name: forget_gone_records
UPDATE syncs SET record_kind = NULL, record_id = NULL, record_url = NULL, related = NULL, values_written = NULL,
                 created_by_us = 0
WHERE connection = :connection
  AND lead IN (SELECT id FROM leads WHERE id IN (SELECT value FROM json_each(:ids))
               UNION ALL SELECT id FROM leads WHERE joined_into IN (SELECT value FROM json_each(:ids)))

-- name: pick_resync
SELECT s.lead, l.joined_into IS NULL AND s.state = 'active'
    AND (:lead IS NULL OR s.lead = :lead)
    AND (:since IS NULL OR l.changed_at >= :since)
    AND (NOT :named OR l.keys GLOB 'user:*' OR l.keys GLOB 'email:*' OR l.keys GLOB 'ref:*')
FROM syncs s JOIN leads l ON l.id = s.lead
WHERE s.connection = :connection AND s.lead > :after
ORDER BY s.lead LIMIT :look

-- name: apply_resync
-- Whoever is due already keeps the time and the back-off, but for one that was put off without having failed.
-- Values that the CRM refused are tried again.
UPDATE syncs SET due_at = CASE WHEN wanted <= max(synced, observed) THEN :now
                               WHEN tries = 0 AND reason IS NOT NULL THEN min(due_at, :now)
                               ELSE due_at END,
                 rejected = NULL,
                 wanted = max(wanted, (SELECT version FROM leads WHERE id = syncs.lead)),
                 synced = min(synced, wanted - 1)
WHERE connection = :connection AND lead IN (SELECT value FROM json_each(:ids))

-- name: pick_backfill
SELECT id, joined_into IS NULL
    AND (:lead IS NULL OR id = :lead)
    AND (:since IS NULL OR changed_at >= :since)
    AND (NOT :named OR keys GLOB 'user:*' OR keys GLOB 'email:*' OR keys GLOB 'ref:*')
    AND (:spaces IS NULL OR space IN (SELECT value FROM json_each(:spaces)))
    AND NOT EXISTS (SELECT 1 FROM syncs WHERE connection = :connection AND lead = leads.id)
FROM leads WHERE id > :after ORDER BY id LIMIT :look

-- name: apply_backfill
INSERT INTO syncs (connection, lead, wanted, due_at)
SELECT :connection, id, version, :now FROM leads WHERE id IN (SELECT value FROM json_each(:ids))
ON CONFLICT DO NOTHING

-- name: pick_events
-- The list repeats the partial index's own condition: only then is it found.
SELECT id, :event IS NULL OR id = :event
FROM events
WHERE state = :events AND state IN ('invalid', 'failed', 'unattributed') AND id > :after ORDER BY id LIMIT :look

-- name: apply_events
UPDATE events SET state = 'new', lead = NULL, decision = NULL, reason = NULL
WHERE id IN (SELECT value FROM json_each(:ids))

-- name: set_aside
SELECT s.connection, s.lead, s.state, s.code, s.reason, coalesce(s.first_failed_at, s.due_at)
FROM syncs s INDEXED BY syncs_in_trouble JOIN leads l ON l.id = s.lead
WHERE s.connection = :connection AND s.lead > :after AND (s.state <> 'active' OR s.first_failed_at IS NOT NULL)
  AND l.joined_into IS NULL AND (s.state <> 'active' OR s.wanted > s.synced)
ORDER BY s.lead LIMIT :look
