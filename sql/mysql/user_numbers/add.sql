INSERT INTO user_numbers (user_no, user_id) VALUES (%(user_no)s, %(user_id)s)
