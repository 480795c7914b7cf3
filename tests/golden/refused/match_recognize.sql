SELECT user_id, COUNT(*) AS value
FROM events MATCH_RECOGNIZE (PARTITION BY user_id ORDER BY occurred_at PATTERN (a b) DEFINE a AS event_type = 'cart')
GROUP BY user_id
