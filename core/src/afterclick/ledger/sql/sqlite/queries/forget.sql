-- Erasing a person: a living lead and those that joined it, `:leads`.

-- name: leads_of_person
SELECT id FROM leads WHERE id = :lead UNION ALL SELECT id FROM leads WHERE joined_into = :lead

-- name: count_events_of
SELECT count(*) FROM events WHERE lead IN (SELECT value FROM json_each(:leads))

-- name: records_of
SELECT connection, kind, id FROM records
WHERE connection IN (SELECT name FROM connections) AND lead IN (SELECT value FROM json_each(:leads))

-- name: hold_back
-- No lane takes the lead from now on, whichever connections there are. `due_at` is since when.
INSERT INTO syncs (connection, lead, wanted, due_at, state, code, reason)
SELECT name, :lead, 0, :now, 'held', :code, :reason FROM connections WHERE true
ON CONFLICT (connection, lead) DO UPDATE SET
    state = 'held', code = excluded.code, reason = excluded.reason, due_at = excluded.due_at
WHERE code IS NOT excluded.code

-- name: look_up
-- A write whose fate is not known may have made a record: the lane matches before it does anything else.
UPDATE syncs SET state = 'active', code = NULL, reason = NULL, due_at = :now, synced = min(synced, wanted - 1)
WHERE state <> 'active' AND sending IS NOT NULL AND lead = :lead

-- name: drop_record
DELETE FROM records WHERE connection = ? AND kind = ? AND id = ?

-- name: pick_events_of
SELECT id FROM events WHERE lead IN (SELECT value FROM json_each(:leads)) LIMIT :look

-- name: blank_newest_event
-- The newest of all stays, without what it said: SQLite would give its number again.
UPDATE events SET body = x'7b7d', state = 'ignored', lead = NULL, decision = NULL, ip_hash = NULL, reason = :reason
WHERE id IN (SELECT value FROM json_each(:ids)) AND id = (SELECT max(id) FROM events)

-- name: drop_events_of
DELETE FROM events WHERE id IN (SELECT value FROM json_each(:ids)) AND id < (SELECT max(id) FROM events)

-- name: forget_links
-- A link that was made for one person; others tell nothing of anybody.
DELETE FROM links WHERE (space, prefix, token) IN (
    SELECT space, substr(value, 1, instr(value, '/') - 1), substr(value, instr(value, '/') + 1)
    FROM identities WHERE kind = 'link' AND lead IN (SELECT value FROM json_each(:leads)))

-- name: forget_findings
DELETE FROM findings WHERE subject IN (SELECT 'lead ' || value FROM json_each(:leads))

-- name: forget_attempts
DELETE FROM attempts WHERE lead IN (SELECT value FROM json_each(:leads))

-- name: forget_journeys
DELETE FROM journeys WHERE lead IN (SELECT value FROM json_each(:leads))

-- name: keep_last_lead
-- The numbers of leads that are gone are never given again.
INSERT INTO meta (name, value) SELECT 'last_lead', CAST(max(id) AS BLOB) FROM leads HAVING max(id) IS NOT NULL
ON CONFLICT (name) DO UPDATE SET value = excluded.value
WHERE CAST(CAST(excluded.value AS TEXT) AS INTEGER) > CAST(CAST(value AS TEXT) AS INTEGER)
