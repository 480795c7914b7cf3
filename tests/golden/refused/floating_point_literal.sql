SELECT user_id, SUM(amount * 1e0) AS value FROM orders GROUP BY user_id
