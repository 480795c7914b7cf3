-- name: purchases_90d
-- title: Purchases in 90 days
-- description: How many times the user paid in the last 90 days, by the events of the shop.
-- type: integer
-- dimension: purchasing_power
-- owner: sales

SELECT user_id, COUNT(*) AS value
FROM LAST(events, INTERVAL '90' DAY)
WHERE event_type = 'payment_done'
GROUP BY user_id
