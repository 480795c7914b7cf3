SELECT usеr_id, city AS value FROM users
