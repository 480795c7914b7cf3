-- Users of two snapshots: of the later one alone, of the earlier one alone, of both.
SELECT
    sum(bitmapAndnotCardinality(later, earlier)) AS joined,
    sum(bitmapAndnotCardinality(earlier, later)) AS gone,
    sum(bitmapAndCardinality(earlier, later)) AS stayed
FROM
(
    SELECT
        bucket,
        groupBitmapMergeStateIf(members, snapshot = {earlier:String}) AS earlier,
        groupBitmapMergeStateIf(members, snapshot = {later:String}) AS later
    FROM crowd_snapshots
    WHERE (snapshot, generation) IN
        (({earlier:String}, {earlier_generation:UInt64}), ({later:String}, {later_generation:UInt64}))
    GROUP BY bucket
)
