SELECT user_id, LAST(events, INTERVAL '7' DAY) AS value FROM users
