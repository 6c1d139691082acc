-- Who does which job.

-- name: fence
SELECT epoch, holder FROM lanes WHERE name = ?

-- name: lane_acquire
INSERT INTO lanes (name, holder, epoch, expires_at) VALUES (:lane, :holder, 1, :expires)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = epoch + 1, expires_at = excluded.expires_at
WHERE holder IS NULL OR expires_at <= :now OR holder = excluded.holder
RETURNING name, holder, epoch, expires_at, paused_until, reason

-- name: lane_renew
UPDATE lanes SET expires_at = ? WHERE name = ? AND epoch = ? AND holder IS NOT NULL RETURNING epoch

-- name: lane_release
UPDATE lanes SET holder = NULL, expires_at = 0 WHERE name = ? AND epoch = ?

-- name: lane_pause
UPDATE lanes SET paused_until = ?, reason = ? WHERE name = ? AND epoch = ?

-- name: lanes
SELECT name, holder, epoch, expires_at, paused_until, reason FROM lanes ORDER BY name
