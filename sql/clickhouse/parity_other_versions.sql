-- What some users have under the other versions of a tag.
SELECT user_id, version, value
FROM tag_values FINAL
WHERE tag = {tag:String} AND version <> {version:UInt32} AND present AND user_id IN {user_ids:Array(String)}
