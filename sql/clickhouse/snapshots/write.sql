-- The members of a crowd as of a generation, one bitmap a bucket.
INSERT INTO crowd_snapshots (snapshot, generation, bucket, members)
SELECT {snapshot:String}, {generation:UInt64}, bucket, $crowd AS members
FROM
(
$bitmaps
)
WHERE bitmapCardinality(members) > 0
