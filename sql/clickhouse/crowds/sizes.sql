-- Users of a crowd, of a base, and of the base outside the crowd.
SELECT
    sum(bitmapCardinality($crowd)) AS crowd_users,
    sum(bitmapCardinality($base)) AS base_users,
    sum(bitmapAndnotCardinality($base, $crowd)) AS rest_users
FROM
(
$bitmaps
)
