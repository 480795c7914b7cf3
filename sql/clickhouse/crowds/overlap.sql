-- Of several crowds within a base: users of each, and of each pair. One row; `pairs` holds, crowd by crowd, the counts with
-- itself and with every later one, so that each pair is counted once.
SELECT
    sum(bitmapCardinality(base)) AS base_users,
    sumForEach(
        arrayFlatten(
            arrayMap(
                place -> arrayMap(other -> bitmapAndCardinality(crowds[place], other), arraySlice(crowds, place)),
                arrayEnumerate(crowds)
            )
        )
    ) AS pairs
FROM
(
    SELECT base, arrayMap(crowd -> bitmapAnd(crowd, base), [$crowds]) AS crowds
    FROM
    (
        SELECT *, $base AS base
        FROM
        (
        $bitmaps
        )
    )
)
