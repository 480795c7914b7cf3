SELECT user_id, COUNT(*) AS value
FROM default_catalog.default_database.events
GROUP BY user_id
