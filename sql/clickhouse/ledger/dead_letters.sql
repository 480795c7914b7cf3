-- The next dead letters, the newest first, each with the beginning of its bytes in base64.
SELECT
    topic, partition, offset, reason, detail, length(payload) AS bytes,
    base64Encode(substring(payload, 1, {shown_bytes:UInt32})) AS shown,
    toUnixTimestamp64Milli(logged_at) AS logged_at_ms
FROM dead_letters FINAL
WHERE ({reason:String} = '' OR reason = {reason:String})
  AND (-toUnixTimestamp64Milli(logged_at), topic, partition, offset)
    > (-{after_ms:Int64}, {after_topic:String}, {after_partition:UInt16}, {after_offset:UInt64})
ORDER BY logged_at DESC, topic, partition, offset
LIMIT {limit:UInt32}
