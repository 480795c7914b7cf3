CREATE TABLE x AS SELECT user_id, city AS value FROM users
