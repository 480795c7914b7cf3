SELECT user_id, COUNT(*) AS value FROM events_log GROUP BY user_id
