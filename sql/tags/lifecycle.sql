-- name: lifecycle
-- title: Life cycle
-- description: Registered users by their last sign of life: active (7 days), cooling (30 days) or dormant.
-- type: string
-- dimension: behaviour
-- owner: crm

-- Whether there were events, not how many: a count would be told anew, through two joins, with each event.
WITH this_week AS (
  SELECT DISTINCT user_id FROM LAST(events, INTERVAL '7' DAY)
),
this_month AS (
  SELECT DISTINCT user_id FROM LAST(events, INTERVAL '30' DAY)
)
SELECT
  users.user_id,
  CASE
    WHEN this_week.user_id IS NOT NULL THEN 'active'
    WHEN this_month.user_id IS NOT NULL THEN 'cooling'
    ELSE 'dormant'
  END AS value
FROM users
LEFT JOIN this_week ON this_week.user_id = users.user_id
LEFT JOIN this_month ON this_month.user_id = users.user_id
