-- Users by number in ranges of equal width, the empty ones too; one range where all numbers are equal. No rows without numbers.
WITH
    amounts AS
    (
        SELECT assumeNotNull(number) AS amount
        FROM tag_values FINAL
        WHERE tag = {tag:String} AND version = {version:UInt32} AND present AND number IS NOT NULL
    ),
    -- min and max of nothing are 0 here: the width is 0 then, and no range has users.
    (SELECT min(amount) FROM amounts) AS nullable_smallest,
    (SELECT max(amount) FROM amounts) AS nullable_largest,
    ifNull(nullable_smallest, 0) AS smallest,
    ifNull(nullable_largest, 0) AS largest,
    (largest - smallest) / {bins:UInt16} AS width
SELECT
    smallest + width * bin AS low,
    if(width = 0 OR bin + 1 = {bins:UInt16}, largest, smallest + width * (bin + 1)) AS high,
    users
FROM
(
    SELECT
        if(width = 0, 0, least(toUInt32(floor((amount - smallest) / width)), {bins:UInt16} - 1))::UInt32 AS bin,
        count() AS users
    FROM amounts
    GROUP BY bin
    ORDER BY bin WITH FILL FROM 0 TO {bins:UInt16}
)
WHERE width > 0 OR users > 0
ORDER BY bin
