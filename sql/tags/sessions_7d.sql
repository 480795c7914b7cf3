-- name: sessions_7d
-- title: Sessions in 7 days
-- description: How many sessions the user had in the last 7 days, by the events' property session_id.
-- type: integer
-- dimension: behaviour
-- owner: product

SELECT user_id, COUNT(DISTINCT properties['session_id']) AS value
FROM LAST(events, INTERVAL '7' DAY)
GROUP BY user_id
HAVING COUNT(DISTINCT properties['session_id']) > 0
