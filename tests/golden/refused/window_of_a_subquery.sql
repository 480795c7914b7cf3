SELECT user_id, COUNT(*) AS value
FROM LAST((SELECT * FROM events), INTERVAL '7' DAY)
GROUP BY user_id
