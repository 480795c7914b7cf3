-- How many users a crowd has.
SELECT sum(bitmapCardinality($crowd)) AS users
FROM
(
$bitmaps
)
