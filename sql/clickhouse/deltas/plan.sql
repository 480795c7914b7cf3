-- What a watch has to publish: users of the crowd as of a generation whom it does not hold yet enter, those whom it holds and
-- the crowd does not have any more leave. Nobody enters who rests: who left a short while ago, entered often enough of late,
-- or ever, where nobody enters twice. At most {most} users, the first by number; what is left over comes with the next batch.
INSERT INTO crowd_deltas (watch, attempt, sequence, user_no, change, at, tick, rule_version)
SELECT
    {watch:String}, {attempt:String}, {sequence:UInt64} + row_number() OVER (ORDER BY user_no), user_no, change,
    fromUnixTimestamp64Milli({at_ms:Int64}), {tick:UInt32}, {rule_version:UInt32}
FROM
(
    SELECT moved.1 AS user_no, moved.2 AS change
    FROM
    (
        SELECT arrayJoin(arrayConcat(
            arrayMap(user -> (user, 'enter'), bitmapToArray(bitmapSubsetLimit(entering, toUInt32(0), toUInt32({most:UInt32})))),
            arrayMap(user -> (user, 'leave'), bitmapToArray(bitmapSubsetLimit(leaving, toUInt32(0), toUInt32({most:UInt32}))))
        )) AS moved
        FROM
        (
            SELECT
                bucket,
                bitmapAndnot(bitmapAndnot(present, held), resting) AS entering,
                bitmapAndnot(held, present) AS leaving
            FROM
            (
                SELECT
                    bucket,
                    groupBitmapMergeStateIf(users, role = 'present') AS present,
                    groupBitmapMergeStateIf(users, role = 'held') AS held,
                    groupBitmapMergeStateIf(users, role = 'resting' OR (role = 'ever' AND {never_again:UInt8})) AS resting
                FROM
                (
                    SELECT bucket, 'present' AS role, $crowd AS users
                    FROM
                    (
                    $bitmaps
                    )
                    UNION ALL
                    $held
                    UNION ALL
                    $ever
                    UNION ALL
                    SELECT toUInt16(bitShiftRight(user_no, 20)) AS bucket, 'resting' AS role, groupBitmapState(user_no) AS users
                    FROM
                    (
                        SELECT user_no
                        FROM crowd_deltas
                        WHERE watch = {watch:String}
                          AND attempt IN (SELECT attempt FROM crowd_batches WHERE watch = {watch:String})
                          AND toUnixTimestamp64Milli(at) > least({entered_since_ms:Int64}, {left_since_ms:Int64})
                        GROUP BY user_no
                        HAVING uniqExactIf(sequence, change = 'enter' AND toUnixTimestamp64Milli(at) > {entered_since_ms:Int64})
                               >= {most_enters:UInt32}
                            OR countIf(change = 'leave' AND toUnixTimestamp64Milli(at) > {left_since_ms:Int64}) > 0
                    )
                    GROUP BY bucket
                )
                GROUP BY bucket
            )
        )
    )
    ORDER BY user_no
    LIMIT {most:UInt32}
)
