SELECT e.user_id, t.k AS value
FROM events AS e
CROSS JOIN UNNEST(e.properties) AS t(k, v)
