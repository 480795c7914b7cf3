UPDATE parity_runs SET status = 'running', started_at = %(at)s WHERE id = %(id)s AND status = 'waiting'
