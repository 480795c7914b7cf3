-- likely_to_buy: STRING
SELECT
  `scores`.`user_id` AS `user_id`,
  CAST(CASE
    WHEN MAX(`scores`.`score`) >= 0.5
    THEN 'high'
    WHEN MAX(`scores`.`score`) >= 0.2
    THEN 'medium'
    ELSE 'low'
  END AS STRING) AS `value`
FROM `scores` AS `scores`
WHERE
  `scores`.`model` = 'buys_in_7_days'
GROUP BY
  `scores`.`user_id`;
