-- Users by group and step, with the time since the first step and since the step before: median and ninth decile, in ms.
WITH
    counts AS
    (
        SELECT
            kind, value, step, count() AS users,
            quantilesExactState(0.5, 0.9)(attempt[step] - attempt[1]) AS since_first,
            quantilesExactState(0.5, 0.9)(if(step = 1, 0, attempt[step] - attempt[step - 1])) AS since_last
        FROM
        (
            SELECT kind, value, attempt, arrayJoin(arrayEnumerate(attempt)) AS step
            FROM
            (
            $grouped
            )
        )
        GROUP BY kind, value, step
    ),
    sized AS
    (
        SELECT *, maxIf(users, step = 1) OVER (PARTITION BY kind, value) AS size FROM counts
    ),
    placed AS
    (
        SELECT *, kind = 'value' AND dense_rank() OVER (PARTITION BY kind ORDER BY size DESC, value) > {groups:UInt8} AS rest
        FROM sized
    )
SELECT
    if(placed.rest, 'other', placed.kind) AS kind,
    if(placed.rest, '', placed.value) AS value,
    step, sum(placed.users) AS users,
    quantilesExactMerge(0.5, 0.9)(placed.since_first) AS since_first_ms,
    quantilesExactMerge(0.5, 0.9)(placed.since_last) AS since_last_ms
FROM placed
GROUP BY kind, value, step
ORDER BY kind, value, step
-- Users are folded one after the other as the table has them, not all at once: that takes about half the time.
SETTINGS max_execution_time = 20, optimize_aggregation_in_order = 1
