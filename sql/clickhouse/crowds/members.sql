-- The next members of a crowd, by number.
WITH page AS
(
    SELECT arrayJoin(bitmapToArray(bitmapSubsetLimit($crowd, toUInt32({after:UInt32} + 1), toUInt32({limit:UInt32})))) AS user_no
    FROM
    (
    $bitmaps
    )
    ORDER BY user_no
    LIMIT {limit:UInt32}
)
SELECT user_no, user_id
FROM users FINAL
WHERE user_no IN (SELECT user_no FROM page)
ORDER BY user_no
