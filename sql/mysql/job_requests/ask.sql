INSERT INTO job_requests (id, job, what, who, state, asked_at) VALUES (%(id)s, %(job)s, %(what)s, %(who)s, 'asked', UTC_TIMESTAMP(3))
