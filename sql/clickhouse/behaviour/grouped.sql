-- Users with the value that they have now of the tag to group by. Numbers are equal however they are written.
SELECT people.*, multiIf({tag:String} = '', 'all', tagged.key = '', 'none', 'value') AS kind, tagged.key AS value
FROM
(
$people
) AS people
LEFT ANY JOIN
(
    SELECT user_id, if(isNull(number), value, toString(assumeNotNull(number) + 0)) AS key
    FROM tag_values FINAL
    WHERE tag = {tag:String} AND version = {version:UInt32} AND present
) AS tagged ON people.user_id = tagged.user_id
