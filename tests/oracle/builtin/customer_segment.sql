WITH spent AS (
  SELECT user_id, sum(amount) AS amount
  FROM last_orders(43200, 60)
  WHERE status IN ('paid', 'shipped', 'delivered')
  GROUP BY user_id
  HAVING sum(amount) > 0
),
seen AS (
  SELECT user_id, max(recent) AS this_week
  FROM (
    SELECT user_id, 0 AS recent FROM last_events(43200, 60)
    UNION ALL
    SELECT user_id, 1 AS recent FROM last_events(10080, 60)
  )
  GROUP BY user_id
)
SELECT
  user_id,
  CASE
    WHEN this_week = 1 THEN CASE WHEN amount >= 300 THEN 'champion' WHEN amount > 0 THEN 'customer' ELSE 'visitor' END
    WHEN amount >= 300 THEN 'at_risk'
    WHEN this_week = 0 OR amount > 0 THEN 'cooling'
    ELSE 'lost'
  END AS value
FROM users
LEFT JOIN spent USING (user_id)
LEFT JOIN seen USING (user_id)
