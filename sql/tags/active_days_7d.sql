-- name: active_days_7d
-- title: Active days in 7 days
-- description: On how many days (UTC) of the last 7 times 24 hours the user did anything; from 1 to 8.
-- type: integer
-- dimension: behaviour
-- owner: product

SELECT user_id, COUNT(DISTINCT CAST(occurred_at AS DATE)) AS value
FROM LAST(events, INTERVAL '7' DAY)
GROUP BY user_id
