-- name: spend_tier_30d
-- title: Spend tier
-- description: What the user paid in the last 30 days, in four tiers. Cancelled and refunded orders do not count.
-- type: string
-- dimension: purchasing_power
-- owner: sales

SELECT
  user_id,
  CASE
    WHEN SUM(amount) >= 1000 THEN 'platinum'
    WHEN SUM(amount) >= 300 THEN 'gold'
    WHEN SUM(amount) >= 100 THEN 'silver'
    WHEN SUM(amount) > 0 THEN 'bronze'
  END AS value
FROM LAST(orders, INTERVAL '30' DAY)
WHERE status NOT IN ('cancelled', 'refunded')
GROUP BY user_id
