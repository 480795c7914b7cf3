SELECT user_id, COUNT(*) AS value
FROM events
WHERE occurred_at > CURRENT_TIMESTAMP - INTERVAL '1' DAY OR occurred_at > NOW()
GROUP BY user_id
