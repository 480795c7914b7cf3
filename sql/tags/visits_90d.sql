-- name: visits_90d
-- title: Visits in 90 days
-- description: How many sessions the user had in the last 90 days.
-- type: integer
-- dimension: behaviour
-- owner: growth

SELECT user_id, COUNT(DISTINCT properties['session_id']) AS value
FROM LAST(events, INTERVAL '90' DAY)
WHERE properties['session_id'] IS NOT NULL
GROUP BY user_id
