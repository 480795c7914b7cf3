SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '90' SECOND) GROUP BY user_id
