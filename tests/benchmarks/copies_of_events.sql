-- What belongs to those copies: their events, on days further back as in an old ledger, and what the fold remembers.

INSERT INTO events (space, source, type, bucket, hash16, occurred_at, received_at, body, state, lead, decision,
                    reason)
SELECT space, source, type, bucket - i % 300, randomblob(16), occurred_at - i % 300 * 86400000,
       received_at - i % 300 * 86400000, body, state, lead + i * base.leads, decision, reason
FROM series, base, events WHERE id <= base.events ORDER BY i, id;

INSERT INTO journeys
SELECT key || '-' || i, space, lead + i * base.leads, opened_at, prefix, token || '-' || i, NULL, ip_at, host,
       platform, campaign, install, claim, person, expires_at
FROM series, base, journeys WHERE lead <= base.leads;

-- The names of the originals have no dash.
INSERT INTO links
SELECT space, prefix, token || '-' || i, memory FROM series, links WHERE instr(token, '-') = 0;

INSERT INTO codes
SELECT space, code || '-' || i, referrer, memory FROM series, codes WHERE instr(code, '-') = 0;

INSERT INTO code_leads
SELECT space, code || '-' || i, lead + i * base.leads FROM series, base, code_leads WHERE lead <= base.leads;
