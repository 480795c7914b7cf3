-- No row where the same request waits already.
INSERT IGNORE INTO parity_runs (origin, status, tag, version, asked_at, waiting_for)
VALUES ('request', 'waiting', %(tag)s, %(version)s, %(at)s, %(waiting_for)s)
