-- What commands, metrics and start-up read.

-- name: attempts
SELECT at, connection, hook, leads, result, status, correlation, duration_ms, lead, reason
FROM attempts WHERE :connection IS NULL OR connection = :connection ORDER BY id DESC LIMIT :limit

-- name: oldest_unfolded
SELECT received_at FROM events WHERE state = 'new' ORDER BY id LIMIT 1

-- name: count_unfolded
SELECT count(*) FROM (SELECT 1 FROM events WHERE state = 'new' LIMIT ?)

-- name: count_due
SELECT count(*) FROM (
    SELECT 1 FROM syncs WHERE connection = ? AND state = 'active' AND wanted > synced AND due_at <= ? LIMIT ?)

-- name: failing_since
SELECT min(first_failed_at) FROM syncs
WHERE connection = ? AND state = 'active' AND wanted > synced AND first_failed_at IS NOT NULL

-- name: count_set_aside
SELECT count(*) FROM (
    SELECT 1 FROM syncs WHERE connection = ? AND state = ? AND state <> 'active' LIMIT ?)

-- name: events
SELECT id, space, source, type, bucket, hash16, occurred_at, received_at, body, ip_hash, time_replaced, state, lead,
       decision, reason
FROM events ORDER BY id DESC LIMIT :limit

-- name: events_in_state
-- The state is filled in, not bound: only then is the partial index of new events found.
SELECT id, space, source, type, bucket, hash16, occurred_at, received_at, body, ip_hash, time_replaced, state, lead,
       decision, reason
FROM events WHERE state = '{state}' ORDER BY id DESC LIMIT :limit

-- name: events_set_aside
-- The list repeats the partial index's own condition: only then is it found.
SELECT id, space, source, type, bucket, hash16, occurred_at, received_at, body, ip_hash, time_replaced, state, lead,
       decision, reason
FROM events WHERE state = :state AND state IN ('invalid', 'failed', 'unattributed') ORDER BY id DESC LIMIT :limit

-- name: events_of_lead
SELECT id, space, source, type, bucket, hash16, occurred_at, received_at, body, ip_hash, time_replaced, state, lead,
       decision, reason
FROM events WHERE lead IN (SELECT id FROM leads WHERE id = :lead OR joined_into = :lead)
ORDER BY occurred_at, hash16 LIMIT :limit

-- name: event
SELECT id, space, source, type, bucket, hash16, occurred_at, received_at, body, ip_hash, time_replaced, state, lead,
       decision, reason
FROM events WHERE id = ?

-- name: event_counts
SELECT type, state, count(*) FROM events GROUP BY type, state ORDER BY type, state

-- name: leads
SELECT id, space, state, keys, version, joined_into, created_at, changed_at
FROM leads WHERE joined_into IS NULL ORDER BY changed_at DESC, id DESC LIMIT ?

-- name: leads_named
-- Living leads by an identity's value, a key they ever had, or their number.
SELECT id, space, state, keys, version, joined_into, created_at, changed_at
FROM leads
WHERE id IN (
    SELECT lead FROM identities WHERE value = :search OR (kind = 'email' AND value = lower(:search))
    UNION ALL
    SELECT coalesce(joined_into, id) FROM leads
    WHERE id = CAST(:search AS INTEGER) AND CAST(id AS TEXT) = :search
    UNION ALL
    SELECT coalesce(joined_into, id) FROM leads
    WHERE instr(:search, ':') > 0 AND instr(' ' || keys || ' ', ' ' || :search || ' ') > 0)
ORDER BY changed_at DESC, id DESC LIMIT :limit

-- name: referrer
-- The living lead that has a user id.
SELECT l.id, l.state FROM identities i JOIN leads l ON l.id = i.lead
WHERE i.space = ? AND i.kind = 'user' AND i.value = ?

-- name: codes_of
SELECT memory FROM codes WHERE space = ? AND referrer = ?

-- name: record_urls
SELECT connection, record_url FROM syncs WHERE lead = ? AND record_url IS NOT NULL
