-- The next runs, the newest first.
SELECT id, origin, status, tag, version, cause, asked_at, started_at, finished_at
FROM parity_runs
WHERE id < %(before)s
ORDER BY id DESC
LIMIT %(limit)s
