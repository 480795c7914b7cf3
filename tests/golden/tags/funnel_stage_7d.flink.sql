CREATE TEMPORARY VIEW `events__last_10080m_60m` AS
SELECT
  `event_id`, `user_id`, `event_type`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `occurred_at`) / 60 + 1) * 60 + 10080,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `events`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

-- funnel_stage_7d: STRING
SELECT
  `stages`.`user_id` AS `user_id`,
  CAST(CASE MAX(`stages`.`stage`)
    WHEN 5
    THEN 'paid'
    WHEN 4
    THEN 'payment'
    WHEN 3
    THEN 'cart'
    WHEN 2
    THEN 'product'
    WHEN 1
    THEN 'catalog'
  END AS STRING) AS `value`
FROM (
  SELECT
    `events`.`user_id`,
    CASE
      WHEN `events`.`event_type` = 'payment_done'
      THEN 5
      WHEN `events`.`event_type` IN ('payment_choice', 'payment_card', 'payment_cash')
      THEN 4
      WHEN `events`.`event_type` IN ('cart', 'delivery_choice', 'delivery_courier', 'delivery_pickup')
      THEN 3
      WHEN `events`.`event_type` IN ('product1', 'product2')
      THEN 2
      WHEN `events`.`event_type` = 'catalog'
      THEN 1
    END AS `stage`
  FROM `events__last_10080m_60m` AS `events`
) AS `stages`
GROUP BY
  `stages`.`user_id`;
