-- The members of a saved crowd, one bitmap a bucket, for those who read crowd_bitmaps.
INSERT INTO crowd_bitmaps (crowd, build, bucket, users)
SELECT {crowd:String}, {build:UInt64}, bucket, $crowd
FROM
(
$bitmaps
)
