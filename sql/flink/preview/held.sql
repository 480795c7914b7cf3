-- What a streaming job would have to keep of one relation, under its name.
SELECT CAST('$relation' AS STRING) AS `user_id`, CAST(COALESCE($measure, 0) AS BIGINT) AS `value`
FROM `$relation`
