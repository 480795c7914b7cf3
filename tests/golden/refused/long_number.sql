SELECT user_id, COUNT(*) AS value FROM orders WHERE amount > 12345678901234567890 GROUP BY user_id
