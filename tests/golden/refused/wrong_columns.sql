SELECT user_id AS id, city FROM users
