-- The most frequent values of one tag version as JSON text, ties in order of value.
SELECT value, count() AS users
FROM tag_values FINAL
WHERE tag = {tag:String} AND version = {version:UInt32} AND present
GROUP BY value
ORDER BY users DESC, any(number), JSONExtractString(value), value
LIMIT {limit:UInt32}
