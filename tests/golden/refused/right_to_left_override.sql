SELECT user_id, city AS value FROM users WHERE city = 'a‮b'
