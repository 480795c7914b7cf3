SELECT MAX(restored_ms) AS restored_ms FROM job_restarts WHERE job = %(job)s AND settled_at IS NOT NULL
