-- What has gone through, and what did within the minute before now_ms (epoch milliseconds).
SELECT
    (SELECT count() FROM events FINAL) AS events_total,
    (SELECT count() FROM dead_letters FINAL) AS dead_letters_total,
    (
        SELECT count()
        FROM events_by_time FINAL
        WHERE logged_at > fromUnixTimestamp64Milli({now_ms:Int64} - 60000) AND logged_at <= fromUnixTimestamp64Milli({now_ms:Int64})
    ) AS events_last_minute,
    (
        SELECT uniqExact(tag, version, partition, offset)
        FROM tag_changes
        WHERE changed_at > fromUnixTimestamp64Milli({now_ms:Int64} - 60000) AND changed_at <= fromUnixTimestamp64Milli({now_ms:Int64})
    ) AS tag_changes_last_minute
