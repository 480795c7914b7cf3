SELECT user_id, user_no FROM user_numbers WHERE user_id IN %(user_ids)s
