-- signup_channel: STRING
SELECT
  `tagged`.`user_id` AS `user_id`,
  MAX(`tagged`.`value`) FILTER (WHERE `tagged`.`value` IS NOT NULL) AS `value`
FROM (
  SELECT
    `users`.`user_id` AS `user_id`,
    CAST(`users`.`signup_channel` AS STRING) AS `value`
  FROM `users` AS `users`
) AS `tagged`
GROUP BY
  `tagged`.`user_id`;
