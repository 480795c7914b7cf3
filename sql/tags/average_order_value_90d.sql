-- name: average_order_value_90d
-- title: Average order value
-- description: The mean amount of an order in the last 90 days, without cancelled and refunded orders.
-- type: decimal
-- dimension: purchasing_power
-- owner: sales

SELECT user_id, AVG(amount) AS value
FROM LAST(orders, INTERVAL '90' DAY)
WHERE status NOT IN ('cancelled', 'refunded')
GROUP BY user_id
