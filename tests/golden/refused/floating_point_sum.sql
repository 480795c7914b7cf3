SELECT user_id, SUM(CAST(amount AS DOUBLE)) AS value FROM orders GROUP BY user_id
