-- The next users with a value of one tag version, by number.
SELECT user_id, user_no, value, toUnixTimestamp64Milli(changed_at) AS changed_at_ms
FROM tag_values FINAL
WHERE tag = {tag:String} AND version = {version:UInt32} AND user_no > {after:UInt32} AND present
ORDER BY user_no
LIMIT {limit:UInt32}
