-- What an operator should know.

-- name: put_finding
-- One that was closed begins anew: since when it is open is what people ask.
INSERT INTO findings (code, connection, subject, message, remedy, level, first_at, last_at, count, closed_at)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT (code, connection, subject) DO UPDATE SET
    message = excluded.message, remedy = excluded.remedy, level = excluded.level, last_at = excluded.last_at,
    first_at = CASE WHEN closed_at IS NULL THEN first_at ELSE excluded.first_at END,
    count = CASE WHEN closed_at IS NULL THEN count + 1 ELSE 1 END,
    closed_at = NULL

-- name: findings
SELECT code, connection, subject, message, remedy, level, first_at, last_at, count, closed_at
FROM findings ORDER BY last_at DESC LIMIT ?

-- name: findings_open
-- What is open of these codes at one connection.
SELECT code, connection, subject, message, remedy, level, first_at, last_at, count, closed_at
FROM findings
WHERE closed_at IS NULL AND connection = :connection AND code IN (SELECT value FROM json_each(:codes))

-- name: count_open_findings
SELECT code, connection, level, count(*) FROM findings WHERE closed_at IS NULL GROUP BY connection, code, level

-- name: close_finding
-- Unless it was noted again since it was looked at.
UPDATE findings SET closed_at = column5
FROM (VALUES {rows})
WHERE code = column1 AND connection = column2 AND subject = column3 AND closed_at IS NULL AND last_at = column4

-- name: findings_page
-- Open findings by key, a page at a time, each with whether the ledger's own rows say that it is over. Those about
-- a lead have `lead 7` as their subject, those about a field its name.
SELECT code, connection, subject, message, remedy, level, first_at, last_at, count, closed_at,
    CASE
        WHEN connection <> '' AND connection NOT IN (SELECT value FROM json_each(:connections)) THEN 1
        WHEN code IN (SELECT value FROM json_each(:passing)) THEN last_at < :since
        WHEN code IN (SELECT value FROM json_each(:parked)) THEN NOT EXISTS (
            SELECT 1 FROM syncs JOIN leads ON leads.id = syncs.lead
            WHERE syncs.connection = page.connection AND syncs.lead = CAST(substr(subject, 6) AS INTEGER)
              AND syncs.state = 'parked' AND leads.joined_into IS NULL)
        WHEN code IN (SELECT value FROM json_each(:held)) THEN NOT EXISTS (
            SELECT 1 FROM syncs JOIN leads ON leads.id = syncs.lead
            WHERE syncs.connection = page.connection AND syncs.lead = CAST(substr(subject, 6) AS INTEGER)
              AND syncs.state = 'held' AND leads.joined_into IS NULL)
        WHEN code IN (SELECT value FROM json_each(:doubled)) THEN NOT EXISTS (
            SELECT 1 FROM syncs JOIN leads ON leads.id = syncs.lead
            WHERE syncs.connection = page.connection AND syncs.lead = CAST(substr(subject, 6) AS INTEGER)
              AND syncs.doubles IS NOT NULL AND syncs.doubles <> '[]' AND leads.joined_into IS NULL)
        WHEN code IN (SELECT value FROM json_each(:rejected)) THEN NOT EXISTS (
            SELECT 1 FROM syncs, json_each(syncs.rejected) AS value
            WHERE syncs.connection = page.connection AND syncs.rejected IS NOT NULL AND syncs.rejected <> '{}'
              AND value.key = page.subject)
        ELSE 0
    END
FROM (
    SELECT * FROM findings
    WHERE closed_at IS NULL AND (code, connection, subject) > (:code, :connection, :subject)
    ORDER BY code, connection, subject LIMIT :limit) AS page
