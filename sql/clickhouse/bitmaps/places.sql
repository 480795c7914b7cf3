-- How far the stored values of some tag versions reach in one bucket. Read before they are gathered into bitmaps.
SELECT tag, version, partition, max(offset) AS offset
FROM tag_values
WHERE (tag, version) IN {tags:Array(Tuple(String, UInt32))}
  AND user_no BETWEEN bitShiftLeft({bucket:UInt64}, 20) AND bitShiftLeft({bucket:UInt64} + 1, 20) - 1
GROUP BY tag, version, partition
