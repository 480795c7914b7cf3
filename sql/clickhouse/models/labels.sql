-- Of the users who did something in the days before a moment: whether the event came within the horizon after it, and the
-- property of the first such event. The moment itself is before. An empty event type stands for any.
SELECT user_id,
  countIf(occurred_at > fromUnixTimestamp64Milli({at_ms:Int64})
    AND ({event_type:String} = '' OR event_type = {event_type:String})) > 0 AS happened,
  argMinIf(properties[{property:String}], (occurred_at, event_id),
    occurred_at > fromUnixTimestamp64Milli({at_ms:Int64}) AND event_type = {event_type:String}) AS next_value
FROM events_by_time
WHERE occurred_at > fromUnixTimestamp64Milli({active_from_ms:Int64})
  AND occurred_at <= fromUnixTimestamp64Milli({until_ms:Int64})
  AND ({below:String} = '' OR substring(lower(hex(MD5(user_id))), 1, 4) < {below:String})
GROUP BY user_id
HAVING countIf(occurred_at <= fromUnixTimestamp64Milli({at_ms:Int64})) > 0
ORDER BY user_id
