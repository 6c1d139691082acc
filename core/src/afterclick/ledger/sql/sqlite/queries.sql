-- Named statements. The words after a name say what it is for; parameters are named in the order they bind.

-- name: seen
-- Which of these deliveries were received before. The list is filled up by repeating its last pair.
SELECT bucket, hash16 FROM seen WHERE (bucket, hash16) IN (VALUES {pairs})

-- name: append
-- One statement per group of deliveries. Rows of NULL fill it up to one of nine sizes and are left out.
INSERT INTO events (space, source, type, bucket, hash16, occurred_at, received_at, time_replaced, ip_hash, body,
                    state, reason)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL

-- name: fence
SELECT epoch, holder FROM lanes WHERE name = ?

-- name: lane_acquire
INSERT INTO lanes (name, holder, epoch, expires_at) VALUES (:lane, :holder, 1, :expires)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = epoch + 1, expires_at = excluded.expires_at
WHERE holder IS NULL OR expires_at <= :now OR holder = excluded.holder
RETURNING name, holder, epoch, expires_at, paused_until, reason

-- name: lane_renew
UPDATE lanes SET expires_at = ? WHERE name = ? AND epoch = ? AND holder IS NOT NULL RETURNING epoch

-- name: lane_release
UPDATE lanes SET holder = NULL, expires_at = 0 WHERE name = ? AND epoch = ?

-- name: lane_pause
UPDATE lanes SET paused_until = ?, reason = ? WHERE name = ? AND epoch = ?

-- name: lanes
SELECT name, holder, epoch, expires_at, paused_until, reason FROM lanes ORDER BY name

-- name: unfolded
SELECT id, space, source, type, bucket, hash16, occurred_at, received_at, body, ip_hash, time_replaced, state, lead,
       decision, reason
FROM events WHERE state = 'new' ORDER BY id LIMIT ?

-- name: identity
SELECT lead FROM identities WHERE space = ? AND kind = ? AND value = ?

-- name: lead_by_ids
SELECT id, space, state, keys, version, joined_into, created_at, changed_at
FROM leads WHERE id IN (SELECT value FROM json_each(?))

-- name: journeys_before
-- The newest open journeys of a link between two times; `after` gives the oldest.
SELECT key, space, lead, opened_at, prefix, token, ip_hash, ip_at, host, platform, campaign, install, claim, person
FROM journeys
WHERE space = :space AND token = :token AND opened_at BETWEEN :first AND :last AND {free}
  AND (prefix = :prefix OR prefix IS NULL OR :prefix IS NULL)
  AND (host = :host OR host IS NULL OR :host IS NULL)
  AND (platform = :platform OR platform IS NULL OR :platform IS NULL)
  AND (campaign = :campaign OR campaign IS NULL OR :campaign IS NULL)
ORDER BY opened_at DESC LIMIT :limit

-- name: journeys_after
SELECT key, space, lead, opened_at, prefix, token, ip_hash, ip_at, host, platform, campaign, install, claim, person
FROM journeys
WHERE space = :space AND token = :token AND opened_at BETWEEN :first AND :last AND {free}
  AND (prefix = :prefix OR prefix IS NULL OR :prefix IS NULL)
  AND (host = :host OR host IS NULL OR :host IS NULL)
  AND (platform = :platform OR platform IS NULL OR :platform IS NULL)
  AND (campaign = :campaign OR campaign IS NULL OR :campaign IS NULL)
ORDER BY opened_at LIMIT :limit

-- name: journeys_before_at_address
SELECT key, space, lead, opened_at, prefix, token, ip_hash, ip_at, host, platform, campaign, install, claim, person
FROM journeys
WHERE space = :space AND ip_hash = :ip_hash AND ip_at BETWEEN :first AND :last AND {free}
  AND (host = :host OR host IS NULL OR :host IS NULL)
  AND (platform = :platform OR platform IS NULL OR :platform IS NULL)
  AND (campaign = :campaign OR campaign IS NULL OR :campaign IS NULL)
ORDER BY ip_at DESC LIMIT :limit

-- name: journeys_after_at_address
SELECT key, space, lead, opened_at, prefix, token, ip_hash, ip_at, host, platform, campaign, install, claim, person
FROM journeys
WHERE space = :space AND ip_hash = :ip_hash AND ip_at BETWEEN :first AND :last AND {free}
  AND (host = :host OR host IS NULL OR :host IS NULL)
  AND (platform = :platform OR platform IS NULL OR :platform IS NULL)
  AND (campaign = :campaign OR campaign IS NULL OR :campaign IS NULL)
ORDER BY ip_at LIMIT :limit

-- name: journeys_of_leads
SELECT key, space, lead, opened_at, prefix, token, ip_hash, ip_at, host, platform, campaign, install, claim, person
FROM journeys WHERE lead IN (SELECT value FROM json_each(?))

-- name: leads_through
SELECT lead FROM code_leads WHERE space = ? AND code = ?

-- name: link
SELECT memory FROM links WHERE space = ? AND prefix = ? AND token = ?

-- name: code
SELECT memory FROM codes WHERE space = ? AND code = ?

-- name: next_lead
SELECT coalesce(max(id), 0) + 1 FROM leads

-- name: fold_event
UPDATE events SET state = ?, lead = ?, decision = ?, reason = ? WHERE id = ?

-- name: put_lead
INSERT INTO leads (id, space, state, keys, version, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, keys = excluded.keys, version = excluded.version,
                               changed_at = excluded.changed_at

-- name: join_lead
UPDATE leads SET joined_into = :root WHERE id = :joined OR joined_into = :joined

-- name: join_identities
UPDATE identities SET lead = ? WHERE lead = ?

-- name: join_journeys
UPDATE journeys SET lead = ? WHERE lead = ?

-- name: join_syncs
-- A joined lead is never due by itself again; its root takes over what it has.
UPDATE syncs SET wanted = synced, state = CASE WHEN state = 'parked' THEN 'active' ELSE state END WHERE lead = ?

-- name: put_identity
INSERT INTO identities (space, kind, value, lead) VALUES (?, ?, ?, ?)
ON CONFLICT (space, kind, value) DO UPDATE SET lead = excluded.lead

-- name: put_journey
INSERT INTO journeys (key, space, lead, opened_at, prefix, token, ip_hash, ip_at, host, platform, campaign, install,
                      claim, person, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    lead = excluded.lead, opened_at = excluded.opened_at, prefix = excluded.prefix, token = excluded.token,
    ip_hash = excluded.ip_hash, ip_at = excluded.ip_at, host = excluded.host, platform = excluded.platform,
    campaign = excluded.campaign, install = excluded.install, claim = excluded.claim, person = excluded.person,
    expires_at = excluded.expires_at

-- name: close_journey
DELETE FROM journeys WHERE key = ?

-- name: put_through
INSERT INTO code_leads (space, code, lead) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: join_through
UPDATE OR REPLACE code_leads SET lead = ? WHERE lead = ?

-- name: put_link
INSERT INTO links (space, prefix, token, memory) VALUES (?, ?, ?, ?)
ON CONFLICT (space, prefix, token) DO UPDATE SET memory = excluded.memory

-- name: put_code
INSERT INTO codes (space, code, referrer, memory) VALUES (?, ?, ?, ?)
ON CONFLICT (space, code) DO UPDATE SET referrer = excluded.referrer, memory = excluded.memory

-- name: want
-- Raise what a connection should have. A sync that is due already keeps its time and its back-off; a
-- parked one wakes, since what was refused may have changed.
INSERT INTO syncs (connection, lead, wanted, due_at) VALUES (:connection, :lead, :version, :due)
ON CONFLICT (connection, lead) DO UPDATE SET
    wanted = excluded.wanted,
    due_at = CASE
        WHEN state = 'parked' OR wanted <= synced THEN excluded.due_at
        WHEN :sooner AND tries = 0 THEN min(due_at, excluded.due_at)
        ELSE due_at END,
    tries = CASE WHEN state = 'parked' THEN 0 ELSE tries END,
    first_failed_at = CASE WHEN state = 'parked' THEN NULL ELSE first_failed_at END,
    state = CASE WHEN state = 'parked' THEN 'active' ELSE state END

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
       state, reason, synced_at, sending_values
FROM syncs WHERE connection = ? AND lead IN (SELECT value FROM json_each(?))

-- name: syncs_of_leads
SELECT connection, lead, wanted, synced, due_at, record_kind, record_id, record_url, related, created_by_us,
       values_written, rejected, doubles, pending, tries, first_failed_at, sending, sending_since, sending_epoch,
       state, reason, synced_at, sending_values
FROM syncs WHERE lead IN (SELECT value FROM json_each(?)) ORDER BY connection, lead

-- name: delay
UPDATE syncs SET due_at = max(due_at, ?) WHERE connection = ? AND lead = ?

-- name: taken
UPDATE syncs SET tries = tries + 1 WHERE connection = ? AND lead IN (SELECT value FROM json_each(?))

-- name: record_owner
-- The living lead that holds a record, and the living lead behind the one that asks.
SELECT coalesce(l.joined_into, l.id), (SELECT coalesce(joined_into, id) FROM leads WHERE id = :lead)
FROM records r JOIN leads l ON l.id = r.lead
WHERE r.connection = :connection AND r.kind = :kind AND r.id = :id

-- name: put_record
INSERT INTO records (connection, kind, id, lead) VALUES (?, ?, ?, ?)
ON CONFLICT (connection, kind, id) DO UPDATE SET lead = excluded.lead

-- name: forget_record
-- The record in a lead's row is nobody's from now on.
DELETE FROM records
WHERE connection = :connection AND lead = :lead
  AND (kind, id) = (SELECT record_kind, record_id FROM syncs WHERE connection = :connection AND lead = :lead)

-- name: set_record
UPDATE syncs SET record_kind = ?, record_id = ?, record_url = ?, related = ?, created_by_us = ?, doubles = ?
WHERE connection = ? AND lead = ?

-- name: set_values
UPDATE syncs SET values_written = ? WHERE connection = ? AND lead = ?

-- name: give_up_record
UPDATE syncs SET record_kind = NULL, record_id = NULL, record_url = NULL, related = NULL, doubles = NULL,
                 values_written = NULL, sending = NULL, sending_since = NULL, sending_epoch = NULL, sending_values = NULL
WHERE connection = :connection AND lead IN (SELECT id FROM leads WHERE joined_into = :lead)
  AND (:joined IS NULL OR lead IN (SELECT value FROM json_each(:joined)))

-- name: note_sending
UPDATE syncs SET sending = ?, sending_since = ?, sending_epoch = ?, sending_values = ?, values_written = ?
WHERE connection = ? AND lead = ? AND (SELECT joined_into IS NULL FROM leads WHERE id = syncs.lead)
RETURNING lead

-- name: hold
UPDATE syncs SET state = 'held', reason = ? WHERE connection = ? AND lead = ?

-- name: redo
-- A settle that came too late: whoever holds the lane now looks again, at the living lead.
UPDATE syncs SET due_at = min(due_at, ?), synced = min(synced, wanted - 1)
WHERE connection = ? AND lead = (SELECT coalesce(joined_into, id) FROM leads WHERE id = ?)

-- name: wake
UPDATE syncs SET state = 'active', tries = 0, due_at = ?, rejected = NULL, first_failed_at = NULL,
                 wanted = max(wanted, synced + 1)
WHERE connection = ? AND state <> 'active' AND state = 'parked'
  AND (SELECT joined_into IS NULL FROM leads WHERE id = syncs.lead)

-- name: put_attempt
INSERT INTO attempts (at, connection, hook, leads, result, status, correlation, duration_ms, lead, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: attempts
SELECT at, connection, hook, leads, result, status, correlation, duration_ms, lead, reason
FROM attempts WHERE :connection IS NULL OR connection = :connection ORDER BY id DESC LIMIT :limit

-- name: put_connection
INSERT INTO connections (name, plugin, first_seen_at, running, mapping) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET plugin = excluded.plugin, running = excluded.running, mapping = excluded.mapping

-- name: connections
SELECT name, plugin, first_seen_at, mapping, running FROM connections ORDER BY name

-- name: put_finding
INSERT INTO findings (code, connection, subject, message, remedy, level, first_at, last_at, count)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (code, connection, subject) DO UPDATE SET
    message = excluded.message, remedy = excluded.remedy, level = excluded.level, last_at = excluded.last_at,
    count = count + 1

-- name: findings
SELECT code, connection, subject, message, remedy, level, first_at, last_at, count
FROM findings ORDER BY last_at DESC

-- name: plugin_state
SELECT value FROM plugin_state WHERE connection = ? AND key = ?

-- name: put_plugin_state
INSERT INTO plugin_state (connection, key, value) VALUES (?, ?, ?)
ON CONFLICT (connection, key) DO UPDATE SET value = excluded.value

-- name: meta
SELECT value FROM meta WHERE name = ?

-- name: put_meta
INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING

-- name: touch_meta
INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: oldest_unfolded
SELECT received_at FROM events WHERE state = 'new' ORDER BY id LIMIT 1

-- name: count_unfolded
SELECT count(*) FROM (SELECT 1 FROM events WHERE state = 'new' LIMIT 100000)

-- name: count_due
SELECT count(*) FROM (
    SELECT 1 FROM syncs WHERE connection = ? AND state = 'active' AND wanted > synced AND due_at <= ? LIMIT 100000)

-- name: count_set_aside
SELECT connection, state, count(*) FROM syncs WHERE state <> 'active' GROUP BY connection, state

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
