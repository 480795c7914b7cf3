SELECT user_id, COUNT(*) AS value
FROM LAST(events, INTERVAL '7' DAY)
GROUP BY user_id
; DROP TABLE users
