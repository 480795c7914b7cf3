SELECT user_id, my_udf(city) AS value FROM users
