-- Copies of every lead of a ledger, one per row of the series: other names, other ids.

DROP TABLE IF EXISTS temp.series;
CREATE TEMP TABLE series AS
WITH RECURSIVE n (i) AS (VALUES (:first) UNION ALL SELECT i + 1 FROM n WHERE i < :last) SELECT i FROM n;
CREATE TEMP TABLE IF NOT EXISTS base AS
SELECT (SELECT max(id) FROM main.leads) AS leads, (SELECT max(id) FROM main.events) AS events;

INSERT INTO leads (id, space, state, keys, version, created_at, changed_at)
SELECT id + i * base.leads, space, state, keys, version, created_at, changed_at
FROM series, base, leads WHERE id <= base.leads AND joined_into IS NULL ORDER BY i, id;

INSERT INTO identities
SELECT space, kind, value || '-' || i, lead + i * base.leads FROM series, base, identities WHERE lead <= base.leads;

INSERT INTO syncs (connection, lead, wanted, synced, due_at)
SELECT connection, lead + i * base.leads, wanted, synced, due_at FROM series, base, syncs WHERE lead <= base.leads;
