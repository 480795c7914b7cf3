-- How long the newest tag changes of up to 200 users, of the two minutes before now_ms, came after the newest event that the log
-- had of that user within the minute before: after what made them, most likely. A change that the clock made has none.
WITH changes AS
(
    SELECT user_id, toUnixTimestamp64Milli(max(changed_at)) AS changed_ms
    FROM tag_changes
    WHERE changed_at > fromUnixTimestamp64Milli({now_ms:Int64} - 120000) AND changed_at <= fromUnixTimestamp64Milli({now_ms:Int64})
    GROUP BY user_id
    ORDER BY changed_ms DESC, user_id
    LIMIT 200
)
SELECT count() AS changes, quantileExact(0.5)(age_ms) AS p50_ms, quantileExact(0.99)(age_ms) AS p99_ms
FROM
(
    SELECT c.changed_ms - e.logged_ms AS age_ms
    FROM changes AS c
    ASOF JOIN
    (
        SELECT user_id, toUnixTimestamp64Milli(logged_at) AS logged_ms
        FROM events
        WHERE user_id IN (SELECT user_id FROM changes)
    ) AS e ON c.user_id = e.user_id AND c.changed_ms >= e.logged_ms
    WHERE age_ms <= 60000
)
SETTINGS max_execution_time = 2
