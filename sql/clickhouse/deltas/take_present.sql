-- A watch that begins quietly holds the crowd's present members without having published them.
INSERT INTO crowd_watch_members (watch, attempt, batch, bucket, members, ever)
SELECT {watch:String}, {attempt:String}, {batch:UInt64}, bucket, $crowd, $crowd
FROM
(
$bitmaps
)
