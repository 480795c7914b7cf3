-- How often each user did it, by unit.
SELECT user_id, sumMap([unit], [toUInt64(1)]) AS counted
FROM
(
    SELECT user_id, intDiv(day, {unit_days:UInt16}) AS unit
    FROM
    (
    $matching
    )
)
GROUP BY user_id
