CREATE TEMPORARY VIEW `users__last_43200m_60m` AS
SELECT
  `user_id`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `registered_at`) / 60 + 1) * 60 + 43200,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `users`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND `registered_at` <= `__logged_at` + INTERVAL '24' HOUR
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

-- new_user_30d: BOOLEAN
SELECT
  `tagged`.`user_id` AS `user_id`,
  MAX(`tagged`.`value`) FILTER (WHERE `tagged`.`value` IS NOT NULL) AS `value`
FROM (
  SELECT
    `users`.`user_id` AS `user_id`,
    CAST(TRUE AS BOOLEAN) AS `value`
  FROM `users__last_43200m_60m` AS `users`
) AS `tagged`
GROUP BY
  `tagged`.`user_id`;
