CREATE TEMPORARY VIEW `events__last_43200m_60m` AS
SELECT
  `event_id`, `user_id`, `event_type`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `occurred_at`) / 60 + 1) * 60 + 43200,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `events`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

CREATE TEMPORARY VIEW `orders__last_43200m_60m` AS
SELECT
  `order_id`, `user_id`, `coupon`, `status`
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

-- promotion_response_30d: STRING
SELECT
  `tagged`.`user_id` AS `user_id`,
  MAX(`tagged`.`value`) FILTER (WHERE `tagged`.`value` IS NOT NULL) AS `value`
FROM (
  SELECT
    `clicks`.`user_id` AS `user_id`,
    CAST(CASE
      WHEN `uses`.`uses` >= 3
      THEN 'hunter'
      WHEN `uses`.`uses` >= 1
      THEN 'user'
      WHEN `clicks`.`clicks` >= 3
      THEN 'hesitant'
      ELSE 'clicker'
    END AS STRING) AS `value`
  FROM (
    SELECT
      `events`.`user_id`,
      COUNT(*) AS `clicks`
    FROM `events__last_43200m_60m` AS `events`
    WHERE
      `events`.`event_type` = 'coupon_click'
    GROUP BY
      `events`.`user_id`
  ) AS `clicks`
  LEFT JOIN (
    SELECT
      `orders`.`user_id`,
      COUNT(*) AS `uses`
    FROM `orders__last_43200m_60m` AS `orders`
    WHERE
      `orders`.`coupon` <> '' AND `orders`.`status` <> 'cancelled'
    GROUP BY
      `orders`.`user_id`
  ) AS `uses`
    ON `uses`.`user_id` = `clicks`.`user_id`
) AS `tagged`
GROUP BY
  `tagged`.`user_id`;
