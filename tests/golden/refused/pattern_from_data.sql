SELECT user_id, city AS value FROM users WHERE city LIKE country OR city LIKE '%a%b%c%d%e%'
