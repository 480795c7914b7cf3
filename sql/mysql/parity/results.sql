-- What some runs found, in order of tag.
SELECT run_id, tag, version, store, equal_users, missing_users, extra_users, different_users, pending_users, barrier_at
FROM parity_results
WHERE run_id IN %(ids)s
ORDER BY run_id, tag, version, store
