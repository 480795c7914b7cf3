SELECT user_id, count(*) FILTER (event_type LIKE 'payment!_done' ESCAPE '!') AS value
FROM last_events(129600, 60)
GROUP BY user_id
HAVING value > 0
