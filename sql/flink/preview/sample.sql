-- A tag for a part of the users, by a hash of their ids. The engine reads on from here what it needs of the sources, no less:
-- whom a tag is about need not be whom its rows are about.
SELECT `user_id`, `value`
FROM (
$query
)
WHERE SUBSTRING(MD5(`user_id`), 1, 4) < '$below'
