SELECT user_id, city AS value FROM users AS u WHERE city IN (SELECT status FROM orders WHERE orders.user_id = u.user_id)
