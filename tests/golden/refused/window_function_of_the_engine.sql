SELECT user_id, COUNT(*) AS value
FROM TUMBLE(events, occurred_at, INTERVAL '1' HOUR)
GROUP BY user_id
