-- Sessions by the day on which they began; day -1 is the whole period. One of a single event is a bounce.
SELECT
    day, count() AS sessions, uniqExact(user_id) AS users, sum(session.2) AS events, countIf(session.2 = 1) AS bounces,
    avg(session.3) AS mean_ms, quantileExact(0.5)(session.3) AS median_ms
FROM
(
    SELECT user_id, session, arrayJoin([session.1, toInt32(-1)]) AS day
    FROM
    (
        SELECT user_id, arrayJoin(sessions) AS session
        FROM
        (
        $people
        )
    )
)
GROUP BY day
ORDER BY day
-- Users are folded one after the other as the table has them, not all at once: that takes about half the time.
SETTINGS max_execution_time = 20, optimize_aggregation_in_order = 1
