-- The changes of one tag version for one user before a place, the newest first.
SELECT DISTINCT value, present, toUnixTimestamp64Milli(changed_at) AS changed_at_ms, tag_changes.offset AS offset
FROM tag_changes
WHERE tag = {tag:String} AND version = {version:UInt32}
  AND user_no = (SELECT any(user_no) FROM users_by_id WHERE user_id = {user:String})
  AND tag_changes.offset < {before:UInt64}
ORDER BY tag_changes.offset DESC
LIMIT {limit:UInt32}
SETTINGS max_execution_time = 8
