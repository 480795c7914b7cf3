-- The user's bit out of whom watches hold and ever held.
ALTER TABLE crowd_watch_members
UPDATE members = bitmapAndnot(members, bitmapBuild([{user_no:UInt32}])), ever = bitmapAndnot(ever, bitmapBuild([{user_no:UInt32}]))
WHERE bucket = bitShiftRight({user_no:UInt32}, 20)
  AND (bitmapContains(members, {user_no:UInt32}) OR bitmapContains(ever, {user_no:UInt32}))
SETTINGS mutations_sync = 2
