-- What is kept of connections, plugins and the ledger itself.

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
FROM findings ORDER BY last_at DESC LIMIT ?

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
