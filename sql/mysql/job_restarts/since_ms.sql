SELECT MIN(since_ms) AS since_ms FROM job_restarts WHERE job = %(job)s AND settled_at IS NULL
