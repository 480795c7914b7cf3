-- generation: STRING
SELECT
  `tagged`.`user_id` AS `user_id`,
  MAX(`tagged`.`value`) FILTER (WHERE `tagged`.`value` IS NOT NULL) AS `value`
FROM (
  SELECT
    `users`.`user_id` AS `user_id`,
    CAST(CASE
      WHEN `users`.`birth_year` >= 2013
      THEN 'alpha'
      WHEN `users`.`birth_year` >= 1997
      THEN 'z'
      WHEN `users`.`birth_year` >= 1981
      THEN 'millennial'
      WHEN `users`.`birth_year` >= 1965
      THEN 'x'
      WHEN `users`.`birth_year` >= 1946
      THEN 'boomer'
      WHEN `users`.`birth_year` >= 1900
      THEN 'silent'
    END AS STRING) AS `value`
  FROM `users` AS `users`
) AS `tagged`
GROUP BY
  `tagged`.`user_id`;
