SELECT MAX(started_at) AS started_at FROM parity_runs WHERE origin = %(origin)s
