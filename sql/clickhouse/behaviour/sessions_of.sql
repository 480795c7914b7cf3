-- Each user's sessions: arrays of events in order. A new one begins after a gap that is longer than allowed.
SELECT
    user_id,
    arraySort(event -> event.1, groupArray((place, event_type, day))) AS sorted,
    arraySplit(
        (event, gap) -> gap > {gap_ms:Int64}, sorted, arrayDifference(arrayMap(event -> event.1.1, sorted))
    ) AS sessions
FROM
(
$events
)
GROUP BY user_id
