SELECT user_id, REGEXP_EXTRACT(city, '(a+)+$') AS value FROM users WHERE city RLIKE '(a+)+'
