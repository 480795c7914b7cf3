SELECT user_id, COUNTT(*) AS value
FROM LAST(events, INTERVAL '7' DAY)
GROUP BY user_id
