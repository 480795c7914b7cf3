SELECT user_id, COUNT(*) AS value FROM events GROUP BY user_id, properties
