CREATE TEMPORARY VIEW `events__last_43200m_60m` AS
SELECT
  `event_id`, `user_id`, `event_type`, `properties`
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

-- top_search_30d: STRING
SELECT
  `derived_1`.`user_id` AS `user_id`,
  CAST(`derived_1`.`value` AS STRING) AS `value`
FROM (
  SELECT
    `counted`.`user_id`,
    `counted`.`query` AS `value`,
    ROW_NUMBER() OVER (
      PARTITION BY `counted`.`user_id`
      ORDER BY `counted`.`times` DESC, `counted`.`query`
    ) AS `rank_to_qualify`
  FROM (
    SELECT
      `searches`.`user_id`,
      `searches`.`query`,
      COUNT(*) AS `times`
    FROM (
      SELECT
        `events`.`user_id`,
        LOWER(TRIM(`events`.`properties`['query'])) AS `query`
      FROM `events__last_43200m_60m` AS `events`
      WHERE
        `events`.`event_type` = 'search'
    ) AS `searches`
    WHERE
      `searches`.`query` <> ''
    GROUP BY
      `searches`.`user_id`,
      `searches`.`query`
  ) AS `counted`
) AS `derived_1`
WHERE
  `derived_1`.`rank_to_qualify` = 1;
