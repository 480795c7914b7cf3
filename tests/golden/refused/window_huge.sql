SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '401' DAY) GROUP BY user_id
