SELECT user_id, event_type AS value FROM (
  SELECT user_id, event_type, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY occurred_at DESC) AS rn FROM events
) WHERE rn = 1
