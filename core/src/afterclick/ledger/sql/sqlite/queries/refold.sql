-- Leads computed anew from their events.

-- name: pick_refold
SELECT id, joined_into IS NULL
    AND (:lead IS NULL OR id = :lead)
    AND (:since IS NULL OR changed_at >= :since)
    AND (NOT :named OR keys GLOB 'user:*' OR keys GLOB 'email:*' OR keys GLOB 'ref:*')
FROM leads WHERE id > :after ORDER BY id LIMIT :look

-- name: folded_events
-- The events of living leads and of those that joined them, each under the lead that lives.
SELECT e.id, e.space, e.source, e.type, e.bucket, e.hash16, e.occurred_at, e.received_at, e.body, e.ip_hash,
       e.time_replaced, e.state, coalesce(l.joined_into, l.id), e.decision, e.reason
FROM events e JOIN leads l ON l.id = e.lead
WHERE e.id IN (
    SELECT id FROM events
    WHERE lead IN (SELECT value FROM json_each(:leads)
                   UNION ALL SELECT id FROM leads WHERE joined_into IN (SELECT value FROM json_each(:leads)))
      AND state = 'folded' AND decision IS NOT NULL AND id > :after
    ORDER BY id LIMIT :look)
ORDER BY e.id
