-- The entries of the bitmaps that forget_bitmaps.sql removed.
DELETE FROM bitmap_buckets
WHERE tag != '' AND (tag, version) NOT IN (SELECT tag, version FROM bitmap_places)
   OR (tag, version, bucket, generation) IN
(
    SELECT tag, version, bucket, generation
    FROM
    (
        SELECT tag, version, bucket, generation,
               leadInFrame(toUnixTimestamp64Milli(built_at)) OVER
               (
                   PARTITION BY tag, version, bucket ORDER BY generation
                   ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
               ) AS replaced_at_ms
        FROM bitmap_buckets FINAL
    )
    WHERE replaced_at_ms > 0 AND replaced_at_ms < {before_ms:Int64}
)
