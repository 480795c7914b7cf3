-- How far one tag version had come. Without it the version's bitmaps are nobody's: bitmaps/forget_bitmaps.sql removes them.
DELETE FROM bitmap_places WHERE tag = {tag:String} AND version = {version:UInt32}
