SELECT user_id, `city`` FROM users; DROP TABLE x --` AS value FROM users
