SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '1' MONTH) GROUP BY user_id
