SELECT user_id, COUNT(x.event_id) AS value
FROM events AS e
GROUP BY user_id
