CREATE TEMPORARY VIEW `events__last_10080m_60m` AS
SELECT
  `event_id`, `user_id`
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

CREATE TEMPORARY VIEW `events__last_43200m_60m` AS
SELECT
  `event_id`, `user_id`
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

-- lifecycle: STRING
SELECT
  `tagged`.`user_id` AS `user_id`,
  MAX(`tagged`.`value`) FILTER (WHERE `tagged`.`value` IS NOT NULL) AS `value`
FROM (
  SELECT
    `users`.`user_id` AS `user_id`,
    CAST(CASE
      WHEN `this_week`.`user_id` IS NOT NULL
      THEN 'active'
      WHEN `this_month`.`user_id` IS NOT NULL
      THEN 'cooling'
      ELSE 'dormant'
    END AS STRING) AS `value`
  FROM `users` AS `users`
  LEFT JOIN (
    SELECT DISTINCT
      `events`.`user_id`
    FROM `events__last_10080m_60m` AS `events`
  ) AS `this_week`
    ON `this_week`.`user_id` = `users`.`user_id`
  LEFT JOIN (
    SELECT DISTINCT
      `events`.`user_id`
    FROM `events__last_43200m_60m` AS `events`
  ) AS `this_month`
    ON `this_month`.`user_id` = `users`.`user_id`
) AS `tagged`
GROUP BY
  `tagged`.`user_id`;
