SELECT user_id, LPAD(city, 2000000000, 'x') AS value FROM users
