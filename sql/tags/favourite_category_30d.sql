-- name: favourite_category_30d
-- title: Favourite category
-- description: The category whose products the user looked at most in the last 30 days; at least 3 times. Ties go to the first by name.
-- type: string
-- dimension: interest
-- owner: product

WITH looks AS (
  SELECT e.user_id, p.category, COUNT(*) AS looks
  FROM LAST(events, INTERVAL '30' DAY) AS e
  JOIN products AS p ON p.product_id = e.item_id
  WHERE e.event_type IN ('product1', 'product2', 'cart')
  GROUP BY e.user_id, p.category
),
ranked AS (
  SELECT user_id, category, looks, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY looks DESC, category) AS place
  FROM looks
)
SELECT user_id, category AS value
FROM ranked
WHERE place = 1 AND looks >= 3
