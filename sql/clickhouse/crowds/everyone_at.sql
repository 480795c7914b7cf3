    UNION ALL
    -- The tag '' holds all users that had had a change of a live tag by then.
    SELECT
        '' AS tag, toUInt32(0) AS version, toFloat64(0) AS number, '' AS value,
        toUInt16(bitShiftRight(user_no, 20)) AS bucket, groupBitmapState(user_no) AS users
    FROM tag_changes
    WHERE (tag_changes.tag, tag_changes.version) IN {live:Array(Tuple(String, UInt32))}
      AND changed_at <= fromUnixTimestamp64Milli({at_ms:Int64})
      AND bitShiftRight(user_no, 20) >= {first_bucket:UInt16}
    GROUP BY bucket
