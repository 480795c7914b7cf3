UPDATE parity_runs SET status = %(status)s, cause = %(cause)s, finished_at = %(at)s WHERE id = %(id)s AND status = 'running'
