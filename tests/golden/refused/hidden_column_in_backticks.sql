SELECT user_id, MAX(`__logged_at`) AS value
FROM LAST(events, INTERVAL '7' DAY)
GROUP BY user_id
