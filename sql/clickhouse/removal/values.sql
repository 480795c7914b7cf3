-- One tag version's newest values.
DELETE FROM tag_values WHERE tag = {tag:String} AND version = {version:UInt32}
