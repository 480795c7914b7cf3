WITH clicks AS (SELECT * FROM events)
SELECT user_id, COUNT(*) AS value
FROM LAST(clicks, INTERVAL '7' DAY)
GROUP BY user_id
