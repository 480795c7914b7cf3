SELECT user_id, event_type AS value FROM (
  SELECT user_id, event_type, RANK() OVER (PARTITION BY user_id ORDER BY occurred_at) AS rn FROM events
) WHERE rn = 1
