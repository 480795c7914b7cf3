-- The newest change of one tag version for some users that was logged by a time. One user's changes of a tag are in one partition.
SELECT user_id, newest.1 AS value, newest.2 AS present, newest.3 AS changed_at_ms
FROM
(
  SELECT user_id, argMax((value, present, toUnixTimestamp64Milli(changed_at)), tag_changes.offset) AS newest
  FROM tag_changes
  WHERE tag = {tag:String} AND version = {version:UInt32}
    AND user_no IN (SELECT user_no FROM users_by_id WHERE user_id IN {users:Array(String)})
    AND changed_at <= fromUnixTimestamp64Milli({at_ms:Int64})
  GROUP BY user_id
)
ORDER BY user_id
SETTINGS max_execution_time = 8
