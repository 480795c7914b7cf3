INSERT INTO parity_runs (origin, status, tag, version, asked_at) VALUES ('request', 'waiting', %(tag)s, %(version)s, %(at)s)
