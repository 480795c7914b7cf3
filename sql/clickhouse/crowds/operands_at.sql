-- The operands of operands.sql by the newest change of every value that was logged by a time. A user's changes of a tag are in
-- one partition of the log, so that the highest offset is the newest.
SELECT
    bucket,
    $operands
FROM
(
    SELECT tag, version, number, value, toUInt16(bitShiftRight(user_no, 20)) AS bucket, groupBitmapState(user_no) AS users
    FROM
    (
        SELECT tag, version, user_no, newest.1 AS value, newest.2 AS number
        FROM
        (
            SELECT tag, version, user_no, argMax((value, ifNull(number, 0), present), tag_changes.offset) AS newest
            FROM tag_changes
            WHERE (tag, version) IN {asked:Array(Tuple(String, UInt32))}
              AND changed_at <= fromUnixTimestamp64Milli({at_ms:Int64})
              AND bitShiftRight(user_no, 20) >= {first_bucket:UInt16}
            GROUP BY tag, version, user_no
        )
        WHERE newest.3
    )
    WHERE $selected
    GROUP BY tag, version, number, value, bucket
$behaviours
)
GROUP BY bucket
