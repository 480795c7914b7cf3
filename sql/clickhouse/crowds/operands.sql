-- One row a bucket, one bitmap an operand, all of the newest generation up to the one asked for. The operands are made by
-- tagging/crowd_query.py of numbered parameters alone.
SELECT
    bucket,
    $operands
FROM
(
    SELECT tag, version, number, value, bucket, users
    FROM tag_bitmaps
    WHERE ($selected)
      AND bucket >= {first_bucket:UInt16}
      AND (tag, version, bucket, generation) IN
      (
          SELECT tag, version, bucket, max(generation)
          FROM bitmap_buckets
          WHERE generation <= {generation:UInt64}
          GROUP BY tag, version, bucket
      )
$behaviours
)
GROUP BY bucket
