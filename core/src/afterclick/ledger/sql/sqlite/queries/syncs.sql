-- What the sync lanes read and write.

-- name: due
SELECT lead, sending_since FROM syncs
WHERE connection = :connection AND state = 'active' AND wanted > synced AND due_at <= :horizon
  AND (due_at <= :now OR tries = 0)
ORDER BY due_at LIMIT :limit

-- name: next_due
SELECT min(due_at) FROM syncs WHERE connection = ? AND state = 'active' AND wanted > synced

-- name: persons
-- The leads behind living leads.
SELECT id, joined_into FROM leads WHERE joined_into IN (SELECT value FROM json_each(?))

-- name: syncs_of
SELECT connection, lead, wanted, synced, due_at, record_kind, record_id, record_url, related, created_by_us,
       values_written, rejected, doubles, pending, tries, first_failed_at, sending, sending_since, sending_epoch,
       state, reason, synced_at, sending_values, code, observed, claimed
FROM syncs WHERE connection = ? AND lead IN (SELECT value FROM json_each(?))

-- name: syncs_of_leads
SELECT connection, lead, wanted, synced, due_at, record_kind, record_id, record_url, related, created_by_us,
       values_written, rejected, doubles, pending, tries, first_failed_at, sending, sending_since, sending_epoch,
       state, reason, synced_at, sending_values, code, observed, claimed
FROM syncs WHERE lead IN (SELECT value FROM json_each(?)) ORDER BY connection, lead

-- name: delay
UPDATE syncs SET due_at = max(due_at, ?) WHERE connection = ? AND lead = ?

-- name: taken
UPDATE syncs SET tries = tries + 1 WHERE connection = ? AND lead IN (SELECT value FROM json_each(?))

-- name: record_holders
-- The living lead that holds a record, and the living lead behind the one that asks.
SELECT column1, column2, column3, column4,
       (SELECT coalesce(l.joined_into, l.id) FROM records r JOIN leads l ON l.id = r.lead
        WHERE r.connection = column1 AND r.kind = column2 AND r.id = column3),
       (SELECT coalesce(joined_into, id) FROM leads WHERE id = column4)
FROM (VALUES {rows}) WHERE column1 IS NOT NULL

-- name: holder_of_record
SELECT coalesce(l.joined_into, l.id) FROM records r JOIN leads l ON l.id = r.lead
WHERE r.connection = ? AND r.kind = ? AND r.id = ?

-- name: put_record
INSERT INTO records (connection, kind, id, lead)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT (connection, kind, id) DO UPDATE SET lead = excluded.lead

-- name: forget_record
-- The record in a lead's row is nobody's from now on.
DELETE FROM records
WHERE connection = :connection AND lead = :lead
  AND (kind, id) = (SELECT record_kind, record_id FROM syncs WHERE connection = :connection AND lead = :lead)

-- name: records_known
SELECT connection, lead, record_kind, record_id, record_url, related, created_by_us, doubles
FROM syncs WHERE (connection, lead) IN (VALUES {rows})

-- name: set_record
UPDATE syncs SET record_kind = column3, record_id = column4, record_url = column5, related = column6,
                 created_by_us = column7, doubles = column8
FROM (VALUES {rows}) WHERE connection = column1 AND lead = column2

-- name: unset_record
UPDATE syncs SET record_kind = NULL, record_id = NULL, record_url = NULL, related = NULL, values_written = NULL,
                 created_by_us = 0, claimed = 0
WHERE connection = :connection AND lead = :lead

-- name: set_values
UPDATE syncs SET values_written = column3 FROM (VALUES {rows}) WHERE connection = column1 AND lead = column2

-- name: give_up_record
UPDATE syncs SET record_kind = NULL, record_id = NULL, record_url = NULL, related = NULL, doubles = NULL,
                 values_written = NULL, claimed = 0,
                 sending = NULL, sending_since = NULL, sending_epoch = NULL, sending_values = NULL
WHERE connection = :connection AND lead IN (SELECT id FROM leads WHERE joined_into = :lead)
  AND (:joined IS NULL OR lead IN (SELECT value FROM json_each(:joined)))

-- name: note_sending
UPDATE syncs SET sending = column3, sending_since = column4, sending_epoch = column5, sending_values = column6,
                 values_written = column7
FROM (VALUES {rows})
WHERE connection = column1 AND lead = column2 AND code IS NOT 'being-forgotten'
  AND (SELECT joined_into IS NULL FROM leads WHERE id = syncs.lead)
RETURNING lead

-- name: settle
-- What is not known stays as it was; what is said of the last try never does. What the CRM has is never less than
-- before, and a try that went well ends a failure.
UPDATE syncs SET
    synced = max(synced, coalesce(column3, synced)),
    synced_at = coalesce(column4, synced_at),
    due_at = coalesce(column5, due_at),
    tries = coalesce(column6, tries),
    first_failed_at = iif(column6 = 0, NULL, coalesce(column7, first_failed_at)),
    state = coalesce(column8, state),
    values_written = coalesce(column9, values_written),
    rejected = coalesce(column10, rejected),
    pending = coalesce(column11, pending),
    claimed = iif(column3 IS NULL, claimed, 0),
    code = column12,
    reason = column13,
    sending = iif(column14, NULL, sending),
    sending_since = iif(column14, NULL, sending_since),
    sending_epoch = iif(column14, NULL, sending_epoch),
    sending_values = iif(column14, NULL, sending_values)
FROM (VALUES {rows}) WHERE connection = column1 AND lead = column2

-- name: hold
UPDATE syncs SET state = 'held', code = 'record-shared', reason = ? WHERE connection = ? AND lead = ?

-- name: redo
-- A settle that came too late: whoever holds the lane now looks again, at the living lead.
UPDATE syncs SET due_at = min(due_at, ?), synced = min(synced, wanted - 1)
WHERE connection = ? AND lead = (SELECT coalesce(joined_into, id) FROM leads WHERE id = ?)

-- name: wake
UPDATE syncs SET state = 'active', code = NULL, tries = 0, due_at = ?, rejected = NULL, first_failed_at = NULL,
                 wanted = max(wanted, synced + 1)
WHERE connection = ? AND state <> 'active' AND state = 'parked'
  AND (SELECT joined_into IS NULL FROM leads WHERE id = syncs.lead)

-- name: wait_no_longer
-- What was put off without having failed, such as the wait for a record that another system makes.
UPDATE syncs SET due_at = min(due_at, ?)
WHERE connection = ? AND state = 'active' AND wanted > synced AND tries = 0 AND reason IS NOT NULL

-- name: put_attempt
INSERT INTO attempts (at, connection, hook, leads, result, status, correlation, duration_ms, lead, reason)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
