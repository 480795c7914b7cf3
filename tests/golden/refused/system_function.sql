SELECT user_id, CURRENT_DATABASE() AS value FROM users
