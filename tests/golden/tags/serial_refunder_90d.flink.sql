CREATE TEMPORARY VIEW `orders__last_129600m_60m` AS
SELECT
  `order_id`, `user_id`, `status`
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

-- serial_refunder_90d: BOOLEAN
SELECT
  `counted`.`user_id` AS `user_id`,
  CAST(CASE
    WHEN `counted`.`refunds` >= 3 AND `counted`.`refunds` * 2 > `counted`.`orders`
    THEN TRUE
  END AS BOOLEAN) AS `value`
FROM (
  SELECT
    `orders`.`user_id`,
    COUNT(*) AS `orders`,
    COUNT(*) FILTER (WHERE `orders`.`status` = 'refunded') AS `refunds`
  FROM `orders__last_129600m_60m` AS `orders`
  GROUP BY
    `orders`.`user_id`
) AS `counted`;
