SELECT e.user_id, COUNT(*) AS value FROM events AS e CROSS JOIN users AS u GROUP BY e.user_id
