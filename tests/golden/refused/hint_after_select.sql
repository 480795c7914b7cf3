SELECT /*+ STATE_TTL('users' = '1 h') */ user_id, city AS value FROM users
