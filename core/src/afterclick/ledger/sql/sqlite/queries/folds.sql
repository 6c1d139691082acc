-- What the fold reads and writes. `{rows}` are a batch's rows, filled up with rows of NULL, which count for nothing.

-- name: unfolded
SELECT id, space, source, type, bucket, hash16, occurred_at, received_at, body, ip_hash, time_replaced, state, lead,
       decision, reason
FROM events WHERE state = 'new' ORDER BY id LIMIT ?

-- name: identities
SELECT space, kind, value, lead FROM identities WHERE (space, kind, value) IN (VALUES {rows})

-- name: lead_by_ids
SELECT id, space, state, keys, version, joined_into, created_at, changed_at
FROM leads WHERE id IN (SELECT value FROM json_each(?))

-- name: links_asked
-- Which of these links have a journey with a free place at all: of those that people tap once, few have.
SELECT column1, column2 FROM (VALUES {rows})
WHERE EXISTS (SELECT 1 FROM journeys WHERE space = column1 AND token = column2 AND {free})

-- name: addresses_asked
SELECT column1, column2 FROM (VALUES {rows})
WHERE EXISTS (SELECT 1 FROM journeys WHERE space = column1 AND ip_hash = column2 AND {free})

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

-- name: addresses_with_left
SELECT column1, column2, column3, column4 FROM (VALUES {rows})
WHERE EXISTS (SELECT 1 FROM events WHERE state = 'unattributed' AND space = column1 AND ip_hash = column2
                                     AND occurred_at BETWEEN column3 AND column4)

-- name: unattributed_at_address
-- A household has few; whoever floods one address gets no more than these.
SELECT id, space, source, type, bucket, hash16, occurred_at, received_at, body, ip_hash, time_replaced, state, lead,
       decision, reason
FROM events WHERE state = 'unattributed' AND space = ? AND ip_hash = ? AND occurred_at BETWEEN ? AND ?
ORDER BY occurred_at DESC LIMIT 64

-- name: leads_through
SELECT lead FROM code_leads WHERE space = ? AND code = ? AND lead < ? ORDER BY lead DESC LIMIT ?

-- name: untold
SELECT space, code, below, memory FROM untold JOIN codes USING (space, code) LIMIT 1

-- name: links
SELECT space, prefix, token, memory FROM links WHERE (space, prefix, token) IN (VALUES {rows})

-- name: codes
SELECT space, code, memory FROM codes WHERE (space, code) IN (VALUES {rows})

-- name: next_lead
-- Leads that were erased may have had higher numbers than those that are there.
SELECT max(coalesce(max(id), 0),
           coalesce((SELECT CAST(CAST(value AS TEXT) AS INTEGER) FROM meta WHERE name = 'last_lead'), 0)) + 1
FROM leads

-- name: fold_event
UPDATE events SET state = column2, lead = column3, decision = column4, reason = column5
FROM (VALUES {rows}) WHERE id = column1

-- name: put_lead
INSERT INTO leads (id, space, state, keys, version, created_at, changed_at)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
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
UPDATE syncs SET wanted = synced, code = CASE WHEN state = 'parked' THEN NULL ELSE code END,
                 state = CASE WHEN state = 'parked' THEN 'active' ELSE state END
WHERE lead = ?

-- name: put_identity
INSERT INTO identities (space, kind, value, lead)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT (space, kind, value) DO UPDATE SET lead = excluded.lead

-- name: put_journey
INSERT INTO journeys (key, space, lead, opened_at, prefix, token, ip_hash, ip_at, host, platform, campaign, install,
                      claim, person, expires_at)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT (key) DO UPDATE SET
    lead = excluded.lead, opened_at = excluded.opened_at, prefix = excluded.prefix, token = excluded.token,
    ip_hash = excluded.ip_hash, ip_at = excluded.ip_at, host = excluded.host, platform = excluded.platform,
    campaign = excluded.campaign, install = excluded.install, claim = excluded.claim, person = excluded.person,
    expires_at = excluded.expires_at

-- name: close_journey
DELETE FROM journeys WHERE key IN (VALUES {rows})

-- name: put_through
INSERT INTO code_leads (space, code, lead)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT DO NOTHING

-- name: join_through
UPDATE OR REPLACE code_leads SET lead = ? WHERE lead = ?

-- name: put_milestone
INSERT INTO milestones (space, name, first_at)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT DO NOTHING

-- name: put_link
INSERT INTO links (space, prefix, token, memory)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT (space, prefix, token) DO UPDATE SET memory = excluded.memory

-- name: put_code
INSERT INTO codes (space, code, referrer, memory)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT (space, code) DO UPDATE SET referrer = excluded.referrer, memory = excluded.memory

-- name: put_untold
INSERT INTO untold (space, code, below)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT (space, code) DO UPDATE SET below = excluded.below

-- name: drop_untold
DELETE FROM untold WHERE (space, code) IN (VALUES {rows})

-- name: want
-- Raise what a connection should have. A sync that is due already keeps its time and its back-off; a
-- parked one wakes, since what was refused may have changed. So does one that was only observed, or was put
-- off without having failed, such as the wait for a record that another system makes.
INSERT INTO syncs (connection, lead, wanted, due_at)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT (connection, lead) DO UPDATE SET
    wanted = excluded.wanted,
    due_at = CASE
        WHEN state = 'parked' OR wanted <= max(synced, observed) THEN excluded.due_at
        WHEN state = 'active' AND tries = 0 AND reason IS NOT NULL THEN min(due_at, excluded.due_at)
        ELSE due_at END,
    tries = CASE WHEN state = 'parked' THEN 0 ELSE tries END,
    first_failed_at = CASE WHEN state = 'parked' THEN NULL ELSE first_failed_at END,
    code = CASE WHEN state = 'parked' THEN NULL ELSE code END,
    state = CASE WHEN state = 'parked' THEN 'active' ELSE state END

-- name: want_sooner
UPDATE syncs SET due_at = min(due_at, column3)
FROM (VALUES {rows}) WHERE connection = column1 AND lead = column2 AND tries = 0
