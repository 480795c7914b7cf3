-- name: order_velocity_1h
-- title: Order velocity
-- description: The user placed at least 4 orders within the last hour.
-- type: boolean
-- dimension: risk
-- owner: risk

SELECT user_id, TRUE AS value
FROM LAST(orders, INTERVAL '1' HOUR, INTERVAL '1' MINUTE)
GROUP BY user_id
HAVING COUNT(*) >= 4
