CREATE TEMPORARY VIEW `events__last_43200m_60m` AS
SELECT
  `event_id`, `user_id`, `event_type`, `item_id`
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

-- favourite_category_30d: STRING
SELECT
  `ranked`.`user_id` AS `user_id`,
  CAST(CASE WHEN `ranked`.`looks` >= 3 THEN `ranked`.`category` END AS STRING) AS `value`
FROM (
  SELECT
    `looks`.`user_id`,
    `looks`.`category`,
    `looks`.`looks`,
    ROW_NUMBER() OVER (PARTITION BY `looks`.`user_id` ORDER BY `looks`.`looks` DESC, `looks`.`category`) AS `place`
  FROM (
    SELECT
      `e`.`user_id`,
      `p`.`category`,
      COUNT(*) AS `looks`
    FROM `events__last_43200m_60m` AS `e`
    JOIN `products` AS `p`
      ON `p`.`product_id` = `e`.`item_id`
    WHERE
      `e`.`event_type` IN ('product1', 'product2', 'cart')
    GROUP BY
      `e`.`user_id`,
      `p`.`category`
  ) AS `looks`
) AS `ranked`
WHERE
  `ranked`.`place` = 1;
