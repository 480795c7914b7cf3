SELECT user_id, properties AS value FROM (SELECT user_id, properties FROM events) GROUP BY user_id, properties
