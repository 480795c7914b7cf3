SELECT user_no FROM user_numbers WHERE user_id = %(user_id)s
