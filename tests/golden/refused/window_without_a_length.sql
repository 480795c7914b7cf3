SELECT user_id, COUNT(*) AS value FROM LAST(events) GROUP BY user_id
