-- The user's bit out of every bitmap, of generations that are still read for a while too: none is built anew for it.
ALTER TABLE crowd_snapshots UPDATE members = bitmapAndnot(members, bitmapBuild([{user_no:UInt32}]))
WHERE bucket = bitShiftRight({user_no:UInt32}, 20) AND bitmapContains(members, {user_no:UInt32})
SETTINGS mutations_sync = 2
