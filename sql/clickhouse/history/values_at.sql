-- The newest change of some tag versions for one user that was logged by a time. One user's changes of a tag are in one partition.
SELECT tag, version, newest.1 AS value, newest.2 AS present, newest.3 AS changed_at_ms, changes
FROM
(
  SELECT tag, version, count(DISTINCT partition, tag_changes.offset) AS changes,
    argMax((value, present, toUnixTimestamp64Milli(changed_at)), tag_changes.offset) AS newest
  FROM tag_changes
  WHERE (tag, version) IN arrayZip({tags:Array(String)}, {versions:Array(UInt32)})
    AND user_no = (SELECT any(user_no) FROM users_by_id WHERE user_id = {user:String})
    AND changed_at <= fromUnixTimestamp64Milli({at_ms:Int64})
  GROUP BY tag, version
)
ORDER BY tag
SETTINGS max_execution_time = 8
