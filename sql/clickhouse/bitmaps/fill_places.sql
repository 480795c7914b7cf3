-- The places of rows that came before the view did, or whose writer was killed before the view took them.
INSERT INTO bitmap_places (tag, version, bucket, partition, offset)
SELECT tag, version, toUInt16(bitShiftRight(user_no, 20)) AS bucket, partition, max(offset) AS offset
FROM tag_values
GROUP BY tag, version, bucket, partition
