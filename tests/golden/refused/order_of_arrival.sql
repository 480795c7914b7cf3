SELECT user_id, LAST_VALUE(event_type) AS value FROM events GROUP BY user_id
