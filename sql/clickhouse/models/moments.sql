-- The moments as of which all values of a tag version are there.
SELECT DISTINCT toUnixTimestamp64Milli(as_of) AS as_of_ms
FROM feature_moments
WHERE tag = {tag:String} AND version = {version:UInt32} AND checksum = {checksum:String} AND sample = {sample:String}
