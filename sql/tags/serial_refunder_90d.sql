-- name: serial_refunder_90d
-- title: Serial refunder
-- description: At least 3 refunds in the last 90 days, which are more than half of the user's orders.
-- type: boolean
-- dimension: risk
-- owner: risk
-- sensitivity: restricted

WITH counted AS (
  SELECT user_id, COUNT(*) AS orders, COUNT(*) FILTER (WHERE status = 'refunded') AS refunds
  FROM LAST(orders, INTERVAL '90' DAY)
  GROUP BY user_id
)
SELECT user_id, TRUE AS value
FROM counted
WHERE refunds >= 3 AND refunds * 2 > orders
