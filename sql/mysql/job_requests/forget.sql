DELETE FROM job_requests WHERE asked_at < UTC_TIMESTAMP(3) - INTERVAL %(kept_days)s DAY
