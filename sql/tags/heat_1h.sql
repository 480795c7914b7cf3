-- name: heat_1h
-- title: Heat of the last hour
-- description: How busy the user is right now, by product pages and carts in the last hour. Cools down with the clock alone.
-- type: string
-- dimension: behaviour
-- owner: product

SELECT
  user_id,
  CASE WHEN COUNT(*) >= 10 THEN 'hot' WHEN COUNT(*) >= 3 THEN 'warm' ELSE 'mild' END AS value
FROM LAST(events, INTERVAL '1' HOUR)
WHERE event_type IN ('catalog', 'product1', 'product2', 'cart')
GROUP BY user_id
