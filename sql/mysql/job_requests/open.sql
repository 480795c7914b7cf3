SELECT id, job, what, who, state, asked_at, started_at, ended_at, said FROM job_requests WHERE job = %(job)s AND state IN ('asked', 'running') ORDER BY asked_at LIMIT 1 FOR UPDATE
