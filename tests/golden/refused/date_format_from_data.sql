SELECT user_id, DATE_FORMAT(registered_at, city) AS value FROM users
