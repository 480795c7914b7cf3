SELECT quantity AS user_id, COUNT(*) AS value FROM orders GROUP BY quantity
