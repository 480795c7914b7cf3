SELECT user_id, count(DISTINCT occurred_at // 86400000) AS value
FROM last_events(10080, 60)
GROUP BY user_id
