-- The next users with one value (JSON text) of one tag version, by number. Numbers are equal however they are written.
SELECT user_id, user_no, value, toUnixTimestamp64Milli(changed_at) AS changed_at_ms
FROM tag_values FINAL
WHERE tag = {tag:String} AND version = {version:UInt32} AND user_no > {after:UInt32} AND present
  AND (value = {value:String} OR (number IS NOT NULL AND number = toFloat64OrNull({value:String})))
ORDER BY user_no
LIMIT {limit:UInt32}
