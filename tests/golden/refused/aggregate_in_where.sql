SELECT user_id, COUNT(*) AS value FROM events WHERE COUNT(*) > 3 GROUP BY user_id
