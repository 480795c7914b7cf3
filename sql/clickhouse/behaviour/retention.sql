-- Users by the unit in which they began and the units after which they came back; unit -1 is all who began then.
SELECT cohort, unit, count() AS users
FROM
(
    SELECT
        cohort,
        arrayJoin(arrayPushFront(arrayFilter(back -> back <= {units:UInt16}, units_back), toInt32(-1))) AS unit
    FROM
    (
    $people
    )
)
WHERE cohort + unit <= {last_unit:UInt16}
GROUP BY cohort, unit
ORDER BY cohort, unit
-- Users are folded one after the other as the table has them, not all at once: that takes about half the time.
SETTINGS max_execution_time = 20, optimize_aggregation_in_order = 1
