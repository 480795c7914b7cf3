-- All users of one bucket. Built after the tags' bitmaps: a user is stored before its first value.
INSERT INTO tag_bitmaps (tag, version, number, value, bucket, generation, users)
SELECT '', 0, 0, '', {bucket:UInt16}, {generation:UInt64}, groupBitmapState(user_no)
FROM users
WHERE user_no BETWEEN bitShiftLeft({bucket:UInt64}, 20) AND bitShiftLeft({bucket:UInt64} + 1, 20) - 1
HAVING count() > 0
