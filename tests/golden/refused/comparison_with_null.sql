SELECT user_id, city AS value FROM users WHERE city = NULL OR city IN ('a', NULL)
