INSERT INTO parity_findings (run_id, place, tag, version, store, user_id, outcome, finding)
VALUES (%(run_id)s, %(place)s, %(tag)s, %(version)s, %(store)s, %(user_id)s, %(outcome)s, %(finding)s)
