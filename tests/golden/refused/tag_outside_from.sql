SELECT user_id, TAG(lifecycle) AS value FROM users
