SELECT user_id, value FROM lifecycle__v1
