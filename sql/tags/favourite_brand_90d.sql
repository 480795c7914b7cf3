-- name: favourite_brand_90d
-- title: Favourite brand
-- description: The brand of which the user bought most pieces in the last 90 days. Ties go to the higher amount, then by name.
-- type: string
-- dimension: interest
-- owner: sales

WITH bought AS (
  SELECT o.user_id, p.brand, SUM(o.quantity) AS pieces, SUM(o.amount) AS amount
  FROM LAST(orders, INTERVAL '90' DAY) AS o
  JOIN products AS p ON p.product_id = o.product_id
  WHERE o.status NOT IN ('cancelled', 'refunded') AND p.brand IS NOT NULL
  GROUP BY o.user_id, p.brand
)
SELECT user_id, brand AS value
FROM bought
QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY pieces DESC, amount DESC, brand) = 1
