-- name: views_7d
-- title: Product views in 7 days
-- description: How many product pages the user opened in the last 7 days; users with at least 3.
-- type: integer
-- dimension: behaviour
-- owner: product

SELECT user_id, COUNT(*) AS value
FROM LAST(events, INTERVAL '7' DAY)
WHERE event_type IN ('product1', 'product2')
GROUP BY user_id
HAVING COUNT(*) >= 3
