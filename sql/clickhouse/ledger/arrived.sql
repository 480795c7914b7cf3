-- What arrived, by source and the hour in which the log took it in: on time, late, or a copy of what came within `remembered_days`
-- before. An event's copies have its event_id; a row change's say that the same row was left the same at the same time. Of the
-- copies the one with the lowest offset counts, as in the stream. Late: more than late_ms after it happened.
WITH arrived AS
(
    SELECT 'events' AS source, logged_at, event_hash AS hash, (offset, partition, 0) AS place,
        toUnixTimestamp64Milli(logged_at) - toUnixTimestamp64Milli(occurred_at) AS behind_ms
    FROM event_arrivals FINAL
    WHERE logged_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND logged_at < fromUnixTimestamp64Milli({to_ms:Int64})
    UNION ALL
    SELECT toString(source) AS source, logged_at, change_hash AS hash, (offset, partition, row_arrivals.place) AS place,
        toUnixTimestamp64Milli(logged_at) - toUnixTimestamp64Milli(changed_at) AS behind_ms
    FROM row_arrivals FINAL
    WHERE logged_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND logged_at < fromUnixTimestamp64Milli({to_ms:Int64})
),
known AS
(
    SELECT 'events' AS source, event_hash AS hash, (offset, partition, 0) AS place
    FROM event_arrivals FINAL
    WHERE logged_at >= fromUnixTimestamp64Milli({from_ms:Int64}) - INTERVAL {remembered_days:UInt16} DAY
      AND logged_at < fromUnixTimestamp64Milli({to_ms:Int64})
    UNION ALL
    SELECT toString(source) AS source, change_hash AS hash, (offset, partition, row_arrivals.place) AS place
    FROM row_arrivals FINAL
    WHERE logged_at >= fromUnixTimestamp64Milli({from_ms:Int64}) - INTERVAL {remembered_days:UInt16} DAY
      AND logged_at < fromUnixTimestamp64Milli({to_ms:Int64})
)
SELECT
    source,
    toInt64(toUnixTimestamp(toStartOfHour(logged_at))) * 1000 AS hour_ms,
    countIf(NOT is_copy AND behind_ms <= {late_ms:Int64}) AS on_time,
    countIf(NOT is_copy AND behind_ms > {late_ms:Int64}) AS late,
    countIf(is_copy) AS duplicate,
    maxIf(behind_ms, NOT is_copy) AS longest_behind_ms
FROM
(
    SELECT source, logged_at, behind_ms, place != first AS is_copy
    FROM arrived
    INNER JOIN
    (
        SELECT source, hash, min(known.place) AS first
        FROM known
        WHERE hash IN (SELECT hash FROM arrived)
        GROUP BY source, hash
    ) AS firsts USING (source, hash)
)
GROUP BY source, hour_ms
ORDER BY source, hour_ms
