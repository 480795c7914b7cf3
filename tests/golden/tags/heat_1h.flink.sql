CREATE TEMPORARY VIEW `events__last_60m_1m` AS
SELECT
  `event_id`, `user_id`, `event_type`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `occurred_at`) / 1 + 1) * 1 + 60,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `events`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 1) = 0 GROUP BY `minute`, `shard`
  );

-- heat_1h: STRING
SELECT
  `events`.`user_id` AS `user_id`,
  CAST(CASE WHEN COUNT(*) >= 10 THEN 'hot' WHEN COUNT(*) >= 3 THEN 'warm' ELSE 'mild' END AS STRING) AS `value`
FROM `events__last_60m_1m` AS `events`
WHERE
  `events`.`event_type` IN ('catalog', 'product1', 'product2', 'cart')
GROUP BY
  `events`.`user_id`;
