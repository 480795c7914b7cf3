-- name: rfm_segment
-- title: RFM segment
-- description: Customers by recency (30 or 90 days, or longer ago), frequency and amount of their orders in 90 days.
-- type: string
-- dimension: purchasing_power
-- owner: sales

-- Recency without "now": the shortest window in which the user has an order.
WITH purchases AS (
  SELECT user_id, 30 AS days
  FROM LAST(orders, INTERVAL '30' DAY)
  WHERE status NOT IN ('cancelled', 'refunded')
  UNION ALL
  SELECT user_id, 90 AS days
  FROM LAST(orders, INTERVAL '90' DAY)
  WHERE status NOT IN ('cancelled', 'refunded')
  UNION ALL
  SELECT user_id, 1000 AS days
  FROM orders
  WHERE status NOT IN ('cancelled', 'refunded')
),
recency AS (
  SELECT user_id, MIN(days) AS days
  FROM purchases
  GROUP BY user_id
),
worth AS (
  SELECT user_id, COUNT(*) AS orders, SUM(amount) AS amount
  FROM LAST(orders, INTERVAL '90' DAY)
  WHERE status NOT IN ('cancelled', 'refunded')
  GROUP BY user_id
)
SELECT
  recency.user_id,
  CASE
    WHEN days = 30 AND orders >= 4 AND amount >= 500 THEN 'champion'
    WHEN days = 30 AND orders >= 3 THEN 'loyal'
    WHEN days = 30 AND amount >= 500 THEN 'big_spender'
    WHEN days = 30 THEN 'recent'
    WHEN days = 90 AND amount >= 500 THEN 'at_risk'
    WHEN days = 90 THEN 'cooling'
    ELSE 'lost'
  END AS value
FROM recency
LEFT JOIN worth ON worth.user_id = recency.user_id
