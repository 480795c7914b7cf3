-- How many users a snapshot holds.
SELECT sum(bitmapCardinality(users)) AS users
FROM
(
    SELECT bucket, groupBitmapMergeState(members) AS users
    FROM crowd_snapshots
    WHERE snapshot = {snapshot:String} AND generation = {generation:UInt64}
    GROUP BY bucket
)
