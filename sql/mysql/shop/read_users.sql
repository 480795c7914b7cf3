SELECT user_id, gender, birth_year, city, country, signup_channel, referred_by, email, phone, registered_at, updated_at
FROM users
WHERE user_id REGEXP '^u[0-9]{7,}$'
ORDER BY user_id
