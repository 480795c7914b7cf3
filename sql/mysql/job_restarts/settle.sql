UPDATE job_restarts SET compared = %(compared)s, corrected = %(corrected)s, settled_at = UTC_TIMESTAMP(3)
WHERE job = %(job)s AND restored_ms <= %(restored_ms)s AND settled_at IS NULL
