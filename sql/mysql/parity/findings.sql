-- The next findings of a run.
SELECT place, tag, version, store, user_id, outcome, finding
FROM parity_findings
WHERE run_id = %(run_id)s AND place > %(after)s
ORDER BY place
LIMIT %(limit)s
