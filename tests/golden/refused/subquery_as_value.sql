SELECT user_id, (SELECT MAX(amount) FROM orders) AS value FROM users
