SELECT user_id, city AS value FROM users ORDER BY city LIMIT 10 OFFSET 5
