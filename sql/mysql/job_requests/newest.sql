SELECT id, job, what, who, state, asked_at, started_at, ended_at, said FROM job_requests ORDER BY asked_at DESC, id LIMIT %(limit)s
