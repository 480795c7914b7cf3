-- How many bitmaps of each table hold one user's number.
SELECT 'tag_bitmaps' AS table, count() AS bitmaps
FROM tag_bitmaps
WHERE bucket = bitShiftRight({user_no:UInt32}, 20) AND bitmapContains(users, {user_no:UInt32})
UNION ALL SELECT 'crowd_bitmaps', count()
FROM crowd_bitmaps
WHERE bucket = bitShiftRight({user_no:UInt32}, 20) AND bitmapContains(users, {user_no:UInt32})
UNION ALL SELECT 'crowd_snapshots', count()
FROM crowd_snapshots
WHERE bucket = bitShiftRight({user_no:UInt32}, 20) AND bitmapContains(members, {user_no:UInt32})
UNION ALL SELECT 'crowd_watch_members', count()
FROM crowd_watch_members
WHERE bucket = bitShiftRight({user_no:UInt32}, 20)
  AND (bitmapContains(members, {user_no:UInt32}) OR bitmapContains(ever, {user_no:UInt32}))
