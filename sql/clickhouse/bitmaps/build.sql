-- The bitmaps of some tag versions in one bucket.
INSERT INTO tag_bitmaps (tag, version, number, value, bucket, generation, users)
SELECT tag, version, ifNull(number, 0) AS number, value, {bucket:UInt16}, {generation:UInt64}, groupBitmapState(user_no)
FROM tag_values FINAL
WHERE (tag, version) IN {tags:Array(Tuple(String, UInt32))}
  AND user_no BETWEEN bitShiftLeft({bucket:UInt64}, 20) AND bitShiftLeft({bucket:UInt64} + 1, 20) - 1
  AND present
GROUP BY tag, version, number, value
