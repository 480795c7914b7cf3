SELECT user_id, AVG(quantity) AS value FROM orders GROUP BY user_id
