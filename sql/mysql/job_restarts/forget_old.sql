-- The newest of a job stays whatever its age: it says what need not be settled again.
DELETE old FROM job_restarts old
JOIN (SELECT job, MAX(restored_ms) AS newest FROM job_restarts GROUP BY job) kept
  ON kept.job = old.job AND old.restored_ms < kept.newest
WHERE old.settled_at < UTC_TIMESTAMP(3) - INTERVAL %(days)s DAY
