INSERT INTO parity_runs (origin, status, tag, version, asked_at, started_at)
VALUES (%(origin)s, 'running', %(tag)s, %(version)s, %(at)s, %(at)s)
