-- The newest value of every user of one tag version, the absent ones too.
SELECT user_id, value, present, toUnixTimestamp64Milli(changed_at) AS changed_at_ms
FROM tag_values FINAL
WHERE tag = {tag:String} AND version = {version:UInt32}
