-- name: many_addresses_30d
-- title: Many addresses
-- description: To how many addresses the user had orders sent in the last 30 days; users with at least 3.
-- type: integer
-- dimension: risk
-- owner: risk
-- sensitivity: restricted

SELECT user_id, COUNT(DISTINCT LOWER(TRIM(shipping_address))) AS value
FROM LAST(orders, INTERVAL '30' DAY)
GROUP BY user_id
HAVING COUNT(DISTINCT LOWER(TRIM(shipping_address))) >= 3
