-- Whom a watch holds once a batch is published, in the buckets that the batch changes; `ever` are all that it ever held.
INSERT INTO crowd_watch_members (watch, attempt, batch, bucket, members, ever)
SELECT
    {watch:String}, {attempt:String}, {batch:UInt64}, bucket,
    bitmapAndnot(bitmapOr(held, entering), leaving), bitmapOr(ever, entering)
FROM
(
    SELECT
        bucket,
        groupBitmapMergeStateIf(users, role = 'held') AS held,
        groupBitmapMergeStateIf(users, role = 'ever') AS ever,
        groupBitmapMergeStateIf(users, role = 'enter') AS entering,
        groupBitmapMergeStateIf(users, role = 'leave') AS leaving
    FROM
    (
        $held
        UNION ALL
        $ever
        UNION ALL
        SELECT toUInt16(bitShiftRight(user_no, 20)) AS bucket, change AS role, groupBitmapState(user_no) AS users
        FROM crowd_deltas
        WHERE watch = {watch:String} AND attempt = {attempt:String}
        GROUP BY bucket, role
    )
    GROUP BY bucket
)
WHERE bitmapCardinality(entering) + bitmapCardinality(leaving) > 0
