    UNION ALL
    -- Users of a chart's point, as values of the tag '' in a version of their own.
    SELECT
        '' AS tag, {version:UInt32} AS version, toFloat64(0) AS number, '' AS value,
        toUInt16(bitShiftRight(user_no, 20)) AS bucket, groupBitmapState(user_no) AS users
    FROM users
    WHERE bitShiftRight(user_no, 20) >= {first_bucket:UInt16} AND user_id IN
    (
    $point
    )
    GROUP BY bucket
