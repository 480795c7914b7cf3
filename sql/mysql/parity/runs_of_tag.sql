-- The next runs that compared one tag, the newest first.
SELECT id, origin, status, tag, version, cause, asked_at, started_at, finished_at
FROM parity_runs
WHERE id < %(before)s AND id IN (SELECT run_id FROM parity_results WHERE tag = %(tag)s)
ORDER BY id DESC
LIMIT %(limit)s
