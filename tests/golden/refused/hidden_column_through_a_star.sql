SELECT user_id, MAX(s.__leaves_at) AS value
FROM (SELECT * FROM LAST(events, INTERVAL '7' DAY)) AS s
GROUP BY user_id
