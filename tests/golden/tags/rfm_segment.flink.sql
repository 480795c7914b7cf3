CREATE TEMPORARY VIEW `orders__last_43200m_60m` AS
SELECT
  `order_id`, `user_id`, `status`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `ordered_at`) / 60 + 1) * 60 + 43200,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `orders`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND `ordered_at` <= `__logged_at` + INTERVAL '24' HOUR
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

CREATE TEMPORARY VIEW `orders__last_129600m_60m` AS
SELECT
  `order_id`, `user_id`, `amount`, `status`
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

-- rfm_segment: STRING
SELECT
  `tagged`.`user_id` AS `user_id`,
  MAX(`tagged`.`value`) FILTER (WHERE `tagged`.`value` IS NOT NULL) AS `value`
FROM (
  SELECT
    `recency`.`user_id` AS `user_id`,
    CAST(CASE
      WHEN `recency`.`days` = 30 AND `worth`.`orders` >= 4 AND `worth`.`amount` >= 500
      THEN 'champion'
      WHEN `recency`.`days` = 30 AND `worth`.`orders` >= 3
      THEN 'loyal'
      WHEN `recency`.`days` = 30 AND `worth`.`amount` >= 500
      THEN 'big_spender'
      WHEN `recency`.`days` = 30
      THEN 'recent'
      WHEN `recency`.`days` = 90 AND `worth`.`amount` >= 500
      THEN 'at_risk'
      WHEN `recency`.`days` = 90
      THEN 'cooling'
      ELSE 'lost'
    END AS STRING) AS `value`
  FROM (
    SELECT
      `purchases`.`user_id`,
      MIN(`purchases`.`days`) AS `days`
    FROM (
      SELECT
        `orders`.`user_id`,
        30 AS `days`
      FROM `orders__last_43200m_60m` AS `orders`
      WHERE
        `orders`.`status` NOT IN ('cancelled', 'refunded')
      UNION ALL
      SELECT
        `orders`.`user_id`,
        90 AS `days`
      FROM `orders__last_129600m_60m` AS `orders`
      WHERE
        `orders`.`status` NOT IN ('cancelled', 'refunded')
      UNION ALL
      SELECT
        `orders`.`user_id`,
        1000 AS `days`
      FROM `orders` AS `orders`
      WHERE
        `orders`.`status` NOT IN ('cancelled', 'refunded')
    ) AS `purchases`
    GROUP BY
      `purchases`.`user_id`
  ) AS `recency`
  LEFT JOIN (
    SELECT
      `orders`.`user_id`,
      COUNT(*) AS `orders`,
      SUM(`orders`.`amount`) AS `amount`
    FROM `orders__last_129600m_60m` AS `orders`
    WHERE
      `orders`.`status` NOT IN ('cancelled', 'refunded')
    GROUP BY
      `orders`.`user_id`
  ) AS `worth`
    ON `worth`.`user_id` = `recency`.`user_id`
) AS `tagged`
GROUP BY
  `tagged`.`user_id`;
