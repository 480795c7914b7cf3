-- Events that the log took in each of the `minutes` up to now_ms (epoch milliseconds), the empty ones too, oldest first.
SELECT toUInt32(intDiv(toUnixTimestamp(logged_at), 60)) AS minute, count() AS events
FROM events_by_time FINAL
WHERE logged_at >= fromUnixTimestamp64Milli((intDiv({now_ms:Int64}, 60000) - {minutes:UInt16} + 1) * 60000)
  AND logged_at < fromUnixTimestamp64Milli((intDiv({now_ms:Int64}, 60000) + 1) * 60000)
GROUP BY minute
ORDER BY minute WITH FILL
    FROM toUInt32(intDiv({now_ms:Int64}, 60000) - {minutes:UInt16} + 1) TO toUInt32(intDiv({now_ms:Int64}, 60000) + 1)
