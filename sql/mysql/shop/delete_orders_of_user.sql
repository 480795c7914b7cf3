DELETE FROM orders WHERE user_id = %s
