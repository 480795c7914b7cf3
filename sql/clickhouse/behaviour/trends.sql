-- Events and users by group and unit; unit -1 is the whole period.
WITH
    counts AS
    (
        SELECT kind, value, each.1 AS unit, sum(each.2) AS events, count() AS users
        FROM
        (
            SELECT
                kind, value,
                arrayJoin(arrayZip(
                    arrayPushFront(counted.1, toInt32(-1)), arrayPushFront(counted.2, arraySum(counted.2))
                )) AS each
            FROM
            (
            $grouped
            )
        )
        GROUP BY kind, value, unit
    ),
    sized AS
    (
        SELECT *, maxIf(users, unit = -1) OVER (PARTITION BY kind, value) AS size FROM counts
    ),
    placed AS
    (
        SELECT *, kind = 'value' AND dense_rank() OVER (PARTITION BY kind ORDER BY size DESC, value) > {groups:UInt8} AS rest
        FROM sized
    )
SELECT
    if(placed.rest, 'other', placed.kind) AS kind,
    if(placed.rest, '', placed.value) AS value,
    unit, sum(placed.events) AS events, sum(placed.users) AS users
FROM placed
GROUP BY kind, value, unit
ORDER BY kind, value, unit
-- Users are folded one after the other as the table has them, not all at once: that takes about half the time.
SETTINGS max_execution_time = 20, optimize_aggregation_in_order = 1
