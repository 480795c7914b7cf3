SELECT user_id, true AS value
FROM last_users(43200, 60)
