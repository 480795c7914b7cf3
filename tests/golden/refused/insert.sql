INSERT INTO tag_city SELECT user_id, city FROM users
