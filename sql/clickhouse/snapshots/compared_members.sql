-- The next users of one of the three groups that compare.sql counts, by number.
WITH page AS
(
    SELECT arrayJoin(bitmapToArray(bitmapSubsetLimit(asked, toUInt32({after:UInt32} + 1), toUInt32({limit:UInt32})))) AS user_no
    FROM
    (
        SELECT
            bucket,
            groupBitmapMergeStateIf(members, snapshot = {earlier:String}) AS earlier,
            groupBitmapMergeStateIf(members, snapshot = {later:String}) AS later,
            multiIf(
                {kind:String} = 'joined', bitmapAndnot(later, earlier),
                {kind:String} = 'left', bitmapAndnot(earlier, later),
                bitmapAnd(earlier, later)
            ) AS asked
        FROM crowd_snapshots
        WHERE (snapshot, generation) IN
            (({earlier:String}, {earlier_generation:UInt64}), ({later:String}, {later_generation:UInt64}))
          AND bucket >= {first_bucket:UInt16}
        GROUP BY bucket
    )
    ORDER BY user_no
    LIMIT {limit:UInt32}
)
SELECT user_no, user_id
FROM users FINAL
WHERE user_no IN (SELECT user_no FROM page)
ORDER BY user_no
