-- What lanes read and write that only observe.

-- name: put_observation
INSERT INTO observations
    (connection, lead, version, at, operation, record_kind, record_id, changes, absorbed, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (connection, lead) DO UPDATE SET
    version = excluded.version, at = excluded.at, operation = excluded.operation,
    record_kind = excluded.record_kind, record_id = excluded.record_id, changes = excluded.changes,
    absorbed = excluded.absorbed, detail = excluded.detail

-- name: observed
-- Looked at: not due before the next look, unless it changed meanwhile. Marks of writes stay as they are.
UPDATE syncs SET
    observed = max(observed, :version), tries = 0, first_failed_at = NULL, reason = NULL,
    due_at = CASE WHEN wanted <= :version THEN :again ELSE due_at END
WHERE connection = :connection AND lead = :lead

-- name: observed_owner
-- The other living person whose record it would be.
SELECT coalesce(l.joined_into, l.id)
FROM observations o INDEXED BY observations_of_record JOIN leads l ON l.id = o.lead
WHERE o.connection = :connection AND o.record_kind = :kind AND o.record_id = :id
  AND o.operation IN ('change', 'none')
  AND coalesce(l.joined_into, l.id) <> (SELECT coalesce(joined_into, id) FROM leads WHERE id = :lead)
LIMIT 1

-- name: observed_leads
-- Named, since the planner would rather walk through all leads of the connection.
SELECT lead FROM syncs INDEXED BY syncs_observed WHERE connection = ? AND observed > 0 LIMIT ?

-- name: unobserve
-- What was only looked at is as it was before: behind, and due.
UPDATE syncs SET observed = 0, due_at = min(due_at, :now), tries = 0, first_failed_at = NULL
WHERE connection = :connection AND lead IN (SELECT value FROM json_each(:leads))

-- name: look_again
-- Look anew at what was observed, after the mapping changed.
UPDATE syncs INDEXED BY syncs_observed SET due_at = min(due_at, ?) WHERE connection = ? AND observed > 0

-- name: drop_observations
DELETE FROM observations WHERE connection = ? AND lead IN (SELECT value FROM json_each(?))

-- name: drop_old_observations
DELETE FROM observations WHERE (connection, lead) IN (
    SELECT connection, lead FROM observations WHERE at < ? ORDER BY at LIMIT 500)

-- name: observations
-- What is shown of a connection, of living leads only.
SELECT o.detail
FROM observations o JOIN leads l ON l.id = o.lead
WHERE o.connection = :connection AND l.joined_into IS NULL
  AND (:lead IS NULL OR o.lead = :lead)
  AND (:operations IS NULL OR o.operation IN (SELECT value FROM json_each(:operations)))
  AND ((:field IS NULL AND NOT :kept) OR EXISTS (
      SELECT 1 FROM json_each(o.detail, '$.differences')
      WHERE (:field IS NULL OR json_extract(json_each.value, '$.field') = :field)
        AND (NOT :kept OR json_extract(json_each.value, '$.kept') IS NOT NULL)))
ORDER BY o.lead LIMIT :limit

-- name: observation_counts
SELECT o.connection, o.operation, count(*), sum(o.changes), sum(o.absorbed), min(o.at), max(o.at)
FROM observations o JOIN leads l ON l.id = o.lead
WHERE l.joined_into IS NULL
GROUP BY o.connection, o.operation ORDER BY o.connection, o.operation
