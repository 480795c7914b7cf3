-- The history of a tag version that no reader ever saw.
DELETE FROM tag_changes WHERE tag = {tag:String} AND version = {version:UInt32}
