SELECT user_id, city AS value
FROM users /* where does it end
