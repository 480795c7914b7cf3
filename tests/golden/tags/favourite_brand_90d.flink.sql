CREATE TEMPORARY VIEW `orders__last_129600m_60m` AS
SELECT
  `order_id`, `user_id`, `product_id`, `quantity`, `amount`, `status`
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

-- favourite_brand_90d: STRING
SELECT
  `derived_1`.`user_id` AS `user_id`,
  CAST(`derived_1`.`value` AS STRING) AS `value`
FROM (
  SELECT
    `bought`.`user_id`,
    `bought`.`brand` AS `value`,
    ROW_NUMBER() OVER (
      PARTITION BY `bought`.`user_id`
      ORDER BY `bought`.`pieces` DESC, `bought`.`amount` DESC, `bought`.`brand`
    ) AS `rank_to_qualify`
  FROM (
    SELECT
      `o`.`user_id`,
      `p`.`brand`,
      SUM(`o`.`quantity`) AS `pieces`,
      SUM(`o`.`amount`) AS `amount`
    FROM `orders__last_129600m_60m` AS `o`
    JOIN `products` AS `p`
      ON `p`.`product_id` = `o`.`product_id`
    WHERE
      `o`.`status` NOT IN ('cancelled', 'refunded') AND `p`.`brand` IS NOT NULL
    GROUP BY
      `o`.`user_id`,
      `p`.`brand`
  ) AS `bought`
) AS `derived_1`
WHERE
  `derived_1`.`rank_to_qualify` = 1;
