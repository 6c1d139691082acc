-- What is kept of connections, plugins and the ledger itself.

-- name: put_connection
INSERT INTO connections (name, plugin, first_seen_at, running, mapping) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET plugin = excluded.plugin, running = excluded.running, mapping = excluded.mapping

-- name: connections
SELECT name, plugin, first_seen_at, mapping, running FROM connections ORDER BY name

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

-- name: put_source
INSERT INTO sources (name, received_at, type)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT (name) DO UPDATE SET received_at = excluded.received_at, type = excluded.type

-- name: sources
SELECT name, received_at, type FROM sources

-- name: newest_events
-- What came since the sources were last written down, however much that was.
SELECT source, received_at, type FROM events ORDER BY id DESC LIMIT 256

-- name: milestones
SELECT DISTINCT name FROM milestones ORDER BY name
