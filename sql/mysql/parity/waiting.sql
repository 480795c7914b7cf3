SELECT id, tag, version FROM parity_runs WHERE status = 'waiting' ORDER BY id
