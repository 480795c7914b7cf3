SELECT city AS value, user_id FROM users
