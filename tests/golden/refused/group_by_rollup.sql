SELECT user_id, COUNT(*) AS value FROM events GROUP BY ROLLUP (user_id)
