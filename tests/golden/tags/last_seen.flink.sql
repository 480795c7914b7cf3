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

CREATE TEMPORARY VIEW `events__last_129600m_60m` AS
SELECT
  `event_id`, `user_id`
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

-- last_seen: STRING
SELECT
  `seen`.`user_id` AS `user_id`,
  CAST(CASE MIN(`seen`.`days`)
    WHEN 7
    THEN 'within_7_days'
    WHEN 30
    THEN 'within_30_days'
    ELSE 'within_90_days'
  END AS STRING) AS `value`
FROM (
  SELECT
    `events`.`user_id`,
    7 AS `days`
  FROM `events__last_10080m_60m` AS `events`
  UNION ALL
  SELECT
    `events`.`user_id`,
    30 AS `days`
  FROM `events__last_43200m_60m` AS `events`
  UNION ALL
  SELECT
    `events`.`user_id`,
    90 AS `days`
  FROM `events__last_129600m_60m` AS `events`
) AS `seen`
GROUP BY
  `seen`.`user_id`;
