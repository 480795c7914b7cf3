SELECT user_id, RAND() AS value FROM users WHERE UUID() <> ''
