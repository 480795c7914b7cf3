WITH RECURSIVE r AS (SELECT user_id FROM users UNION ALL SELECT user_id FROM r)
SELECT user_id, COUNT(*) AS value FROM r GROUP BY user_id
