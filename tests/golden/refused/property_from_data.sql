SELECT user_id, MAX(properties[event_type]) AS value FROM events GROUP BY user_id
