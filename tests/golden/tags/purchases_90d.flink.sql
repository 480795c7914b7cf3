CREATE TEMPORARY VIEW `events__last_129600m_60m` AS
SELECT
  `event_id`, `user_id`, `event_type`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `occurred_at`) / 60 + 1) * 60 + 129600,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `events`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

-- purchases_90d: BIGINT
SELECT
  `events`.`user_id` AS `user_id`,
  CAST(COUNT(*) AS BIGINT) AS `value`
FROM `events__last_129600m_60m` AS `events`
WHERE
  `events`.`event_type` = 'payment_done'
GROUP BY
  `events`.`user_id`;
