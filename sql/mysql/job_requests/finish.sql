UPDATE job_requests SET state = %(state)s, ended_at = UTC_TIMESTAMP(3), said = %(said)s WHERE id = %(id)s AND state = 'running' AND started_at = %(started_at)s
