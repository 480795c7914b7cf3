SELECT user_id, COUNT(DISTINCT sesion) AS value
FROM LAST(events, INTERVAL '7' DAY)
GROUP BY user_id
