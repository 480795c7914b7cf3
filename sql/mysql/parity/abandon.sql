-- Runs that began too long ago to be under way still: their process is gone.
UPDATE parity_runs SET status = 'failed', cause = %(cause)s, finished_at = %(at)s WHERE status = 'running' AND started_at < %(before)s
