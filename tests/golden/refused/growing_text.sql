SELECT user_id, a AS value FROM (
  SELECT user_id, a || a || a || a || a || a AS a FROM (
    SELECT user_id, city || city || city || city || city || city || city AS a FROM users
  )
)
