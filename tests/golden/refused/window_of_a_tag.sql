SELECT user_id, COUNT(*) AS value FROM LAST(TAG(lifecycle), INTERVAL '7' DAY) GROUP BY user_id
