SELECT user_id, count(DISTINCT properties['session_id']) AS value
FROM last_events(10080, 60)
WHERE properties['session_id'] IS NOT NULL
GROUP BY user_id
