SELECT user_id, COUNT(*) AS value
FROM events AS e
JOIN orders AS o ON o.user_id = e.user_id
GROUP BY user_id
