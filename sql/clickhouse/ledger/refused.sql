-- Refused messages by the hour in which the log took them in, topic and reason.
SELECT toInt64(toUnixTimestamp(toStartOfHour(logged_at))) * 1000 AS hour_ms, topic, reason, count() AS messages
FROM dead_letters FINAL
WHERE logged_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND logged_at < fromUnixTimestamp64Milli({to_ms:Int64})
GROUP BY hour_ms, topic, reason
ORDER BY hour_ms, topic, reason
