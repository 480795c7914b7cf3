SELECT user_id, city AS value FROM us​ers
