UPDATE job_requests SET state = 'running', started_at = UTC_TIMESTAMP(3) WHERE id = %(id)s
