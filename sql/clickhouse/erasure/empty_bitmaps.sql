-- Values that nobody has any more: one that a single user had may tell of whom it was.
ALTER TABLE tag_bitmaps DELETE
WHERE bucket = bitShiftRight({user_no:UInt32}, 20) AND bitmapCardinality(users) = 0
SETTINGS mutations_sync = 2
