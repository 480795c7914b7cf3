DELETE FROM identity_merges WHERE user_id = %(user_id)s OR into_id = %(user_id)s
