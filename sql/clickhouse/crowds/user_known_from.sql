-- When a user had a change of any of some tag versions for the first time; null: never.
SELECT toUnixTimestamp64Milli(minOrNull(changed_at)) AS known_from_ms
FROM tag_changes
WHERE (tag, version) IN {asked:Array(Tuple(String, UInt32))}
  AND user_no = (SELECT any(user_no) FROM users_by_id WHERE user_id = {user:String})
SETTINGS max_execution_time = 8
