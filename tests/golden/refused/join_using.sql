SELECT e.user_id, COUNT(*) AS value FROM events AS e JOIN users AS u USING (user_id) GROUP BY e.user_id
