-- Bitmaps that were replaced by a generation published before a time (epoch milliseconds), and those begun before and never
-- published: a generation's number is the time when it began. And those of tag versions that were removed: they have no place.
DELETE FROM tag_bitmaps
WHERE generation < toUInt64({before_ms:Int64})
      AND (tag, version, bucket, generation) NOT IN (SELECT tag, version, bucket, generation FROM bitmap_buckets)
   OR tag != '' AND (tag, version) NOT IN (SELECT tag, version FROM bitmap_places)
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
