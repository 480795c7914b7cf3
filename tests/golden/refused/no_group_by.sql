SELECT user_id, COUNT(*) AS value FROM events
