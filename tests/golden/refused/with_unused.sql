WITH spare AS (SELECT user_id FROM users)
SELECT user_id, COUNT(*) AS value FROM orders GROUP BY user_id
