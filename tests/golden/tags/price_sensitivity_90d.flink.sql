CREATE TEMPORARY VIEW `orders__last_129600m_60m` AS
SELECT
  `order_id`, `user_id`, `amount`, `discount`, `status`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `ordered_at`) / 60 + 1) * 60 + 129600,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `orders`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND `ordered_at` <= `__logged_at` + INTERVAL '24' HOUR
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

-- price_sensitivity_90d: STRING
SELECT
  `spent`.`user_id` AS `user_id`,
  CAST(CASE
    WHEN `spent`.`orders` >= 2 AND `spent`.`share` IS NOT NULL
    THEN CASE
      WHEN `spent`.`share` >= 0.1
      THEN 'high'
      WHEN `spent`.`share` >= 0.02
      THEN 'medium'
      ELSE 'low'
    END
  END AS STRING) AS `value`
FROM (
  SELECT
    `orders`.`user_id`,
    COUNT(*) AS `orders`,
    SUM(`orders`.`discount`) / NULLIF(SUM(`orders`.`amount` + `orders`.`discount`), 0) AS `share`
  FROM `orders__last_129600m_60m` AS `orders`
  WHERE
    `orders`.`status` <> 'cancelled'
  GROUP BY
    `orders`.`user_id`
) AS `spent`;
