SELECT user_id, city AS value FROM users WHERE city = ? OR city = :city OR city = @city
