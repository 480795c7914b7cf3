SELECT user_id, `` AS value FROM users
