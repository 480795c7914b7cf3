-- name: last_seen
-- title: Last seen
-- description: Within how many days the user was here last, of 7, 30 and 90.
-- type: string
-- dimension: behaviour
-- owner: growth

-- Recency without "now": the shortest window in which the user has an event.
WITH seen AS (
  SELECT user_id, 7 AS days
  FROM LAST(events, INTERVAL '7' DAY)
  UNION ALL
  SELECT user_id, 30 AS days
  FROM LAST(events, INTERVAL '30' DAY)
  UNION ALL
  SELECT user_id, 90 AS days
  FROM LAST(events, INTERVAL '90' DAY)
)
SELECT
  user_id,
  CASE MIN(days)
    WHEN 7 THEN 'within_7_days'
    WHEN 30 THEN 'within_30_days'
    ELSE 'within_90_days'
  END AS value
FROM seen
GROUP BY user_id
