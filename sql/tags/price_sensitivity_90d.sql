-- name: price_sensitivity_90d
-- title: Price sensitivity
-- description: How much of the full price the user has had as a discount in the last 90 days; for users with at least 2 orders.
-- type: string
-- dimension: psychology
-- owner: marketing

WITH spent AS (
  SELECT user_id, COUNT(*) AS orders, SUM(discount) / SUM(amount + discount) AS share
  FROM LAST(orders, INTERVAL '90' DAY)
  WHERE status <> 'cancelled'
  GROUP BY user_id
)
SELECT
  user_id,
  CASE WHEN share >= 0.1 THEN 'high' WHEN share >= 0.02 THEN 'medium' ELSE 'low' END AS value
FROM spent
WHERE orders >= 2 AND share IS NOT NULL
