SELECT user_id, city AS value FROM users WHERE user_id NOT IN (SELECT user_id FROM orders)
