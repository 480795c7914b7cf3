-- Old runs, but none that is the newest of any tag version.
DELETE FROM parity_runs
WHERE asked_at < %(before)s
  AND id NOT IN (SELECT run_id FROM (SELECT MAX(run_id) AS run_id FROM parity_results GROUP BY tag, version) AS newest)
LIMIT 1000
