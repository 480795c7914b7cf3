-- The newest value of every user of one tag version in some buckets of users, the absent ones too.
SELECT user_id, value, present, toUnixTimestamp64Milli(changed_at) AS changed_at_ms, offset
FROM tag_values FINAL
WHERE tag = {tag:String} AND version = {version:UInt32}
  AND reinterpretAsUInt8(substring(MD5(user_id), 1, 1)) IN {buckets:Array(UInt8)}
