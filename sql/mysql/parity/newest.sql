-- Of every tag version what its newest run found, in order of tag.
SELECT
  r.run_id, r.tag, r.version, r.store, r.equal_users, r.missing_users, r.extra_users, r.different_users, r.pending_users,
  r.barrier_at, p.origin, p.started_at, p.finished_at
FROM parity_results AS r
JOIN parity_runs AS p ON p.id = r.run_id
JOIN (SELECT tag, version, MAX(run_id) AS run_id FROM parity_results GROUP BY tag, version) AS n
  ON n.tag = r.tag AND n.version = r.version AND n.run_id = r.run_id
ORDER BY r.tag, r.version, r.store
