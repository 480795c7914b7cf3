SELECT user_id, hive.db.f(city) AS value FROM users
