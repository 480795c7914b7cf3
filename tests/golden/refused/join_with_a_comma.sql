SELECT e.user_id, COUNT(*) AS value FROM events AS e, users AS u WHERE e.user_id = u.user_id GROUP BY e.user_id
