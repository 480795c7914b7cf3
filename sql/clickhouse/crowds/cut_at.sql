-- How far the log of events had come by a time.
SELECT mapFromArrays(groupArray(partition), groupArray(reached)) AS places
FROM
(
    SELECT partition, max(events_by_time.offset) AS reached
    FROM events_by_time
    WHERE logged_at <= fromUnixTimestamp64Milli({at_ms:Int64})
    GROUP BY partition
)
