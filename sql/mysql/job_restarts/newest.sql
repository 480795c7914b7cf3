SELECT job, restored_ms, flink_job_id, times, since_ms, settled_at IS NOT NULL AS settled
FROM job_restarts WHERE job = %(job)s ORDER BY restored_ms DESC LIMIT 1
