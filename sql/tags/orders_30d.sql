-- name: orders_30d
-- title: Orders in 30 days
-- description: How many orders the user placed in the last 30 days, without the cancelled ones.
-- type: integer
-- dimension: purchasing_power
-- owner: sales

SELECT user_id, COUNT(*) AS value
FROM LAST(orders, INTERVAL '30' DAY)
WHERE status <> 'cancelled'
GROUP BY user_id
