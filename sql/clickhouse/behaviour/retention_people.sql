-- The unit in which each user began, and after how many units they came back.
SELECT
    user_id, cohort,
    if({unbounded:UInt8} AND notEmpty(returned), arrayMap(back -> toInt32(back), range(toUInt32(arrayMax(returned) + 1))), returned)
        AS units_back
FROM
(
    SELECT
        user_id, cohort,
        arrayDistinct(arrayMap(
            back -> toInt32(intDiv(back.2, {unit_days:UInt16}) - cohort), arrayFilter(back -> back.1 > began.1, again)
        )) AS returned
    FROM
    (
        SELECT
            user_id,
            minIf((place, day), matches[1]) AS began,
            groupArrayIf((place, day), matches[2]) AS again,
            toInt32(intDiv(began.2, {unit_days:UInt16})) AS cohort
        FROM
        (
        $matching
        )
        GROUP BY user_id
        HAVING countIf(matches[1]) > 0
    )
)
