SELECT user_id, len(list_distinct(list(properties['session_id']))) AS value
FROM last_events(129600, 60)
WHERE properties['session_id'] IS NOT NULL
GROUP BY user_id
