-- name: promotion_response_30d
-- title: Response to promotions
-- description: What became of the coupons that the user clicked in the last 30 days: used, or only clicked.
-- type: string
-- dimension: psychology
-- owner: marketing

WITH clicks AS (
  SELECT user_id, COUNT(*) AS clicks
  FROM LAST(events, INTERVAL '30' DAY)
  WHERE event_type = 'coupon_click'
  GROUP BY user_id
),
uses AS (
  SELECT user_id, COUNT(*) AS uses
  FROM LAST(orders, INTERVAL '30' DAY)
  WHERE coupon <> '' AND status <> 'cancelled'
  GROUP BY user_id
)
SELECT
  clicks.user_id,
  CASE
    WHEN uses.uses >= 3 THEN 'hunter'
    WHEN uses.uses >= 1 THEN 'user'
    WHEN clicks.clicks >= 3 THEN 'hesitant'
    ELSE 'clicker'
  END AS value
FROM clicks
LEFT JOIN uses ON uses.user_id = clicks.user_id
