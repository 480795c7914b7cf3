-- The next members of a snapshot, by number.
WITH page AS
(
    SELECT arrayJoin(bitmapToArray(bitmapSubsetLimit(held, toUInt32({after:UInt32} + 1), toUInt32({limit:UInt32})))) AS user_no
    FROM
    (
        SELECT bucket, groupBitmapMergeState(members) AS held
        FROM crowd_snapshots
        WHERE snapshot = {snapshot:String} AND generation = {generation:UInt64} AND bucket >= {first_bucket:UInt16}
        GROUP BY bucket
    )
    ORDER BY user_no
    LIMIT {limit:UInt32}
)
SELECT user_no, user_id
FROM users FINAL
WHERE user_no IN (SELECT user_no FROM page)
ORDER BY user_no
