-- name: shares_30d
-- title: Shares in 30 days
-- description: How often the user shared a product in the last 30 days.
-- type: integer
-- dimension: social
-- owner: marketing

SELECT user_id, COUNT(*) AS value
FROM LAST(events, INTERVAL '30' DAY)
WHERE event_type = 'share'
GROUP BY user_id
