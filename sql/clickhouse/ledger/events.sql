-- Events by the hour in which the log took them in: on time, late, or a copy of one that came within `remembered_days` before.
-- Of an event's copies the one with the lowest offset counts, as in the stream. Late: more than late_ms after it occurred.
WITH arrived AS
(
    SELECT toStartOfHour(logged_at) AS hour, event_hash, (offset, partition) AS place, logged_at,
        toUnixTimestamp64Milli(logged_at) - toUnixTimestamp64Milli(occurred_at) AS behind_ms
    FROM event_arrivals FINAL
    WHERE logged_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND logged_at < fromUnixTimestamp64Milli({to_ms:Int64})
)
SELECT
    toInt64(toUnixTimestamp(hour)) * 1000 AS hour_ms,
    countIf(NOT is_copy AND behind_ms <= {late_ms:Int64}) AS on_time,
    countIf(NOT is_copy AND behind_ms > {late_ms:Int64}) AS late,
    countIf(is_copy) AS duplicate,
    maxIf(behind_ms, NOT is_copy) AS longest_behind_ms
FROM
(
    SELECT hour, behind_ms, place != first AS is_copy
    FROM arrived
    INNER JOIN
    (
        SELECT event_hash, min((offset, partition)) AS first
        FROM event_arrivals FINAL
        WHERE logged_at >= fromUnixTimestamp64Milli({from_ms:Int64}) - INTERVAL {remembered_days:UInt16} DAY
          AND logged_at < fromUnixTimestamp64Milli({to_ms:Int64})
          AND event_hash IN (SELECT event_hash FROM arrived)
        GROUP BY event_hash
    ) AS firsts USING (event_hash)
)
GROUP BY hour
ORDER BY hour
