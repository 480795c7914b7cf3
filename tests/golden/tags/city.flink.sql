-- city: STRING
SELECT
  `tagged`.`user_id` AS `user_id`,
  MAX(`tagged`.`value`) FILTER (WHERE `tagged`.`value` IS NOT NULL) AS `value`
FROM (
  SELECT
    `users`.`user_id` AS `user_id`,
    CAST(`users`.`city` AS STRING) AS `value`
  FROM `users` AS `users`
  WHERE
    `users`.`city` <> ''
) AS `tagged`
GROUP BY
  `tagged`.`user_id`;
