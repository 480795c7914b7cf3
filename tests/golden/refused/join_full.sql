SELECT o.user_id, COUNT(*) AS value FROM orders AS o FULL OUTER JOIN users AS u ON o.user_id = u.user_id GROUP BY o.user_id
