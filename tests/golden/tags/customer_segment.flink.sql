-- customer_segment: STRING
SELECT
  `tagged`.`user_id` AS `user_id`,
  MAX(`tagged`.`value`) FILTER (WHERE `tagged`.`value` IS NOT NULL) AS `value`
FROM (
  SELECT
    `lifecycle`.`user_id` AS `user_id`,
    CAST(CASE
      WHEN `lifecycle`.`value` = 'active' AND `spend`.`value` IN ('gold', 'platinum')
      THEN 'champion'
      WHEN `lifecycle`.`value` = 'active' AND `spend`.`value` IS NOT NULL
      THEN 'customer'
      WHEN `lifecycle`.`value` = 'active'
      THEN 'visitor'
      WHEN `spend`.`value` IN ('gold', 'platinum')
      THEN 'at_risk'
      WHEN `lifecycle`.`value` = 'cooling' OR `spend`.`value` IS NOT NULL
      THEN 'cooling'
      ELSE 'lost'
    END AS STRING) AS `value`
  FROM `lifecycle__v1` AS `lifecycle`
  LEFT JOIN `spend_tier_30d__v1` AS `spend`
    ON `spend`.`user_id` = `lifecycle`.`user_id`
) AS `tagged`
GROUP BY
  `tagged`.`user_id`;
