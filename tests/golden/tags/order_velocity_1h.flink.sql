CREATE TEMPORARY VIEW `orders__last_60m_1m` AS
SELECT
  `order_id`, `user_id`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `ordered_at`) / 1 + 1) * 1 + 60,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `orders`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND `ordered_at` <= `__logged_at` + INTERVAL '24' HOUR
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 1) = 0 GROUP BY `minute`, `shard`
  );

-- order_velocity_1h: BOOLEAN
SELECT
  `orders`.`user_id` AS `user_id`,
  CAST(CASE WHEN COUNT(*) >= 4 THEN TRUE END AS BOOLEAN) AS `value`
FROM `orders__last_60m_1m` AS `orders`
GROUP BY
  `orders`.`user_id`;
