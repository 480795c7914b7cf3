-- Of each bucket of users with a value of one tag version: how many, and the sum of their rows' hashes, which wraps at 2^64.
-- The same as tagging/parity_buckets.py: a byte that is in no UTF-8 text stands between user and value.
SELECT
    reinterpretAsUInt8(substring(MD5(user_id), 1, 1)) AS bucket,
    count() AS users,
    sum(reinterpretAsUInt64(substring(MD5(concat(user_id, unhex('FF'), value)), 1, 8))) AS total
FROM tag_values FINAL
WHERE tag = {tag:String} AND version = {version:UInt32} AND present
GROUP BY bucket
