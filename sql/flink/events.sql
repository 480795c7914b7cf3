-- The behaviour log as it lies in Kafka. Rows that are not JSON come out as NULLs and are left to the view's filter:
-- the events sink writes the same rows to dead_letters with their offset.
CREATE TEMPORARY TABLE `events_log` (
  `event_id` STRING,
  `user_id` STRING,
  `event_type` STRING,
  `item_id` STRING,
  `properties` MAP<STRING, STRING>,
  `occurred_at` BIGINT,
  `offset` BIGINT METADATA VIRTUAL,
  `logged_at` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
  $connector,
  'format' = 'json',
  'json.ignore-parse-errors' = 'true',
  -- The streaming parser loses its place at a value of the wrong type and then takes what lies inside it for fields of the event.
  'json.decode.json-parser.enabled' = 'false'
);

-- Valid events, each event_id once: the one with the lowest offset. A user's events share a partition, so that offsets order them.
CREATE TEMPORARY VIEW `$logged` AS
SELECT
  `event_id`, `user_id`, `event_type`, `item_id`, `properties`,
  TO_TIMESTAMP_LTZ(`occurred_at`, 3) AS `occurred_at`,
  COALESCE(CAST(MOD(`offset`, 64) AS INT), 0) AS `__shard`,
  $judged_at AS `__logged_at`
FROM (
  SELECT
    `event_id`, `user_id`, `event_type`, `item_id`, `properties`, `occurred_at`, `offset`, `logged_at`,
    ROW_NUMBER() OVER (PARTITION BY `event_id` ORDER BY `offset` ASC) AS `copy`
  FROM `events_log`
  WHERE CHAR_LENGTH(`event_id`) BETWEEN 1 AND 128
    AND CHAR_LENGTH(`user_id`) BETWEEN 1 AND 128
    AND CHAR_LENGTH(`event_type`) BETWEEN 1 AND 128
    AND `occurred_at` > 0
    AND TO_TIMESTAMP_LTZ(`occurred_at`, 3) <= `logged_at` + INTERVAL '5' MINUTE
)
WHERE `copy` = 1$known
