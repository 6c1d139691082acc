-- Records that other code made: which leads come into question, and how one is given to a lead.

-- name: living_leads
SELECT id, space, state, keys, version, joined_into, created_at, changed_at
FROM leads WHERE joined_into IS NULL AND id > ? ORDER BY id LIMIT ?

-- name: recorded
-- Which of these living leads have a record, themselves or by a lead that joined them.
SELECT lead FROM records WHERE connection = :connection AND lead IN (SELECT value FROM json_each(:leads))
UNION
SELECT l.joined_into FROM json_each(:leads)
CROSS JOIN leads l ON l.joined_into = json_each.value
CROSS JOIN records r ON r.connection = :connection AND r.lead = l.id

-- name: known_records
-- Which of these records are somebody's.
SELECT kind, id FROM records WHERE (connection, kind, id) IN (VALUES {rows})

-- name: want_claimed
-- Due at once, whatever the lead waited for; one that is older than the connection gets its row.
INSERT INTO syncs (connection, lead, wanted, due_at)
SELECT :connection, id, version, :now FROM leads WHERE id = :lead
ON CONFLICT (connection, lead) DO UPDATE SET
    state = 'active', code = NULL, reason = NULL, tries = 0, first_failed_at = NULL, due_at = excluded.due_at,
    wanted = max(wanted, excluded.wanted), synced = min(synced, max(wanted, excluded.wanted) - 1)

-- name: set_claimed
UPDATE syncs SET claimed = 1 WHERE connection = ? AND lead = ?
