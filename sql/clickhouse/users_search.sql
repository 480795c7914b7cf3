-- The next users whose id begins with a prefix, in order of id.
SELECT user_id, user_no
FROM users_by_id FINAL
WHERE startsWith(user_id, {prefix:String}) AND user_id > {after:String}
ORDER BY user_id
LIMIT {limit:UInt32}
