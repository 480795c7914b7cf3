-- name: refund_rate_90d
-- title: Refund rate
-- description: The part (0 to 1) of the orders of the last 90 days that were refunded; for users with at least 2 orders.
-- type: decimal
-- dimension: purchasing_power
-- owner: sales

SELECT
  user_id,
  CAST(COUNT(*) FILTER (WHERE status = 'refunded') AS DECIMAL(18, 4)) / COUNT(*) AS value
FROM LAST(orders, INTERVAL '90' DAY)
WHERE status <> 'cancelled'
GROUP BY user_id
HAVING COUNT(*) >= 2
