SELECT user_id, city AS value FROM users
UNION ALL
SELECT user_id, country AS value FROM users
