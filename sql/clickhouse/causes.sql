-- For each of these changes the newest event that the log had of its user within `within_ms` before: most likely its cause.
-- A change that the clock made has none.
SELECT c.user_id AS user_id, c.changed_ms AS changed_ms, e.occurred_ms AS occurred_ms
FROM
(
    SELECT pair.1 AS user_id, pair.2 AS changed_ms
    FROM (SELECT arrayJoin(arrayZip({users:Array(String)}, {changed:Array(Int64)})) AS pair)
) AS c
ASOF JOIN
(
    SELECT user_id, toUnixTimestamp64Milli(occurred_at) AS occurred_ms, toUnixTimestamp64Milli(logged_at) AS logged_ms
    FROM events
    WHERE user_id IN {users:Array(String)}
) AS e ON c.user_id = e.user_id AND c.changed_ms >= e.logged_ms
WHERE c.changed_ms - e.logged_ms <= {within_ms:Int64}
ORDER BY user_id, changed_ms
SETTINGS max_execution_time = 2
