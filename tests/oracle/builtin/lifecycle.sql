SELECT
  user_id,
  CASE
    WHEN user_id IN (SELECT user_id FROM last_events(10080, 60)) THEN 'active'
    WHEN user_id IN (SELECT user_id FROM last_events(43200, 60)) THEN 'cooling'
    ELSE 'dormant'
  END AS value
FROM users
