DELETE FROM parity_findings WHERE user_id = %(user_id)s
