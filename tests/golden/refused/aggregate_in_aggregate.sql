SELECT user_id, MAX(COUNT(*)) AS value FROM events GROUP BY user_id
