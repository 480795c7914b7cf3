DELETE FROM identities WHERE user_id = %(user_id)s
