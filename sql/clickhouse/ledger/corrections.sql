-- Of each tag version: its changes, and those that came within `within_ms` after the log took in a late event of the same user.
SELECT tag, version, count() AS changes, countIf(behind_ms <= {within_ms:Int64}) AS corrections
FROM
(
    SELECT
        c.tag AS tag, c.version AS version,
        if(l.late_ms = 0, {within_ms:Int64} + 1, c.at_ms - l.late_ms) AS behind_ms
    FROM
    (
        SELECT tag, version, user_id, partition, offset, any(toUnixTimestamp64Milli(changed_at)) AS at_ms
        FROM tag_changes
        WHERE changed_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND changed_at < fromUnixTimestamp64Milli({to_ms:Int64})
        GROUP BY tag, version, user_id, partition, offset
    ) AS c
    ASOF LEFT JOIN
    (
        SELECT DISTINCT user_id, toUnixTimestamp64Milli(logged_at) AS late_ms
        FROM event_arrivals
        WHERE logged_at >= fromUnixTimestamp64Milli({from_ms:Int64} - {within_ms:Int64})
          AND logged_at < fromUnixTimestamp64Milli({to_ms:Int64})
          AND toUnixTimestamp64Milli(logged_at) - toUnixTimestamp64Milli(occurred_at) > {late_ms:Int64}
    ) AS l ON c.user_id = l.user_id AND c.at_ms >= l.late_ms
)
GROUP BY tag, version
ORDER BY tag, version
