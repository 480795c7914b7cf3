-- The scores that were served, as they lie in Kafka. What is no valid prediction comes out as NULLs and is left to the filter of `awaited`.
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
)
