-- Touches that said nothing of a link, for a journey of their address that comes later. Addresses are
-- forgotten after two days, and the rows leave the index with them.
CREATE INDEX events_homeless ON events (space, ip_hash, occurred_at)
    WHERE state = 'unattributed' AND ip_hash IS NOT NULL;
