-- The newest run of one tag version and how many users were wrong in it, in all stores together.
SELECT run_id, SUM(missing_users + extra_users + different_users) AS wrong
FROM parity_results
WHERE tag = %(tag)s AND version = %(version)s
  AND run_id = (SELECT MAX(run_id) FROM parity_results WHERE tag = %(tag)s AND version = %(version)s)
GROUP BY run_id
