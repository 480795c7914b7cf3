-- name: lifecycle
-- title: Life cycle
-- description: Registered users by their last sign of life: active (7 days), cooling (30 days) or dormant.
-- type: string
-- dimension: behaviour
-- owner: crm

WITH this_week AS (
  SELECT user_id, COUNT(*) AS events
  FROM LAST(events, INTERVAL '7' DAY)
  GROUP BY user_id
),
this_month AS (
  SELECT user_id, COUNT(*) AS events
  FROM LAST(events, INTERVAL '30' DAY)
  GROUP BY user_id
)
SELECT
  users.user_id,
  CASE
    WHEN this_week.events IS NOT NULL THEN 'active'
    WHEN this_month.events IS NOT NULL THEN 'cooling'
    ELSE 'dormant'
  END AS value
FROM users
LEFT JOIN this_week ON this_week.user_id = users.user_id
LEFT JOIN this_month ON this_month.user_id = users.user_id
