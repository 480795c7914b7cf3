-- No lock on a range: of several processes one alone changes the row.
UPDATE parity_runs SET status = 'running', started_at = %(at)s, waiting_for = NULL WHERE id = %(id)s AND status = 'waiting'
