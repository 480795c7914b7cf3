-- The values of a tag version as of a moment; a value that was written twice is one.
SELECT user_id, any(value) AS value
FROM feature_values
WHERE tag = {tag:String} AND version = {version:UInt32} AND checksum = {checksum:String} AND sample = {sample:String}
  AND as_of = fromUnixTimestamp64Milli({as_of_ms:Int64})
GROUP BY user_id
