SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '0' MINUTE) GROUP BY user_id
