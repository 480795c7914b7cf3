SELECT user_id, COUNT(*) AS value FROM (
  SELECT user_id FROM users UNION SELECT user_id FROM orders
) GROUP BY user_id
