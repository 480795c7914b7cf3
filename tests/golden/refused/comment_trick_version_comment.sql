SELECT user_id, city AS value FROM users /*!50000 UNION ALL SELECT phone, email FROM users */ LIMIT 1
