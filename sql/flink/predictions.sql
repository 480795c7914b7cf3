-- The scores that were served, as they lie in Kafka. What is no valid prediction comes out as NULLs and is left to the view's filter.
CREATE TEMPORARY TABLE `predictions_log` (
  `prediction_id` STRING,
  `model` STRING,
  `version` BIGINT,
  `user_id` STRING,
  `features` STRING,
  `score` DOUBLE,
  `frozen_score` DOUBLE,
  `predicted_at` BIGINT,
  `offset` BIGINT METADATA VIRTUAL,
  `logged_at` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
  $connector,
  'format' = 'json',
  'json.ignore-parse-errors' = 'true',
  -- See events.sql.
  'json.decode.json-parser.enabled' = 'false'
);

-- Valid predictions, each prediction_id once: the one with the lowest offset. A user's predictions share a partition, so that offsets order them.
CREATE TEMPORARY VIEW `predictions` AS
SELECT
  `prediction_id`, `model`, `version`, `user_id`, `features`, `score`, `frozen_score`, `predicted_at`,
  COALESCE(CAST(MOD(`offset`, 64) AS INT), 0) AS `__shard`,
  `logged_at` AS `__logged_at`
FROM (
  SELECT
    `prediction_id`, `model`, `version`, `user_id`, `features`, `score`, `frozen_score`, `predicted_at`, `offset`, `logged_at`,
    ROW_NUMBER() OVER (PARTITION BY `prediction_id` ORDER BY `offset` ASC) AS `copy`
  FROM `predictions_log`
  WHERE CHAR_LENGTH(`prediction_id`) BETWEEN 1 AND 128
    AND CHAR_LENGTH(`user_id`) BETWEEN 1 AND 128
    AND CHAR_LENGTH(`features`) BETWEEN 2 AND 8192
    AND `version` >= 0
    AND `score` BETWEEN 0 AND 1
    AND (`frozen_score` IS NULL OR `frozen_score` BETWEEN 0 AND 1)
    AND `predicted_at` > 0
    AND TO_TIMESTAMP_LTZ(`predicted_at`, 3) <= `logged_at` + INTERVAL '5' MINUTE
)
WHERE `copy` = 1
