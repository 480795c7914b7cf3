WITH x AS (SELECT user_id FROM users) DELETE FROM users
