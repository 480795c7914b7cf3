SELECT user_id, MAX(rn) AS value FROM (
  SELECT user_id, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY event_id) AS rn FROM events
) GROUP BY user_id
