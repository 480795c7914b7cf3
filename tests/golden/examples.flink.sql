-- Which person each merged id belongs to. A change of the same number is the same change, sent again by a publisher that was killed.
CREATE TEMPORARY TABLE `identities_log` (
  `user_id` STRING,
  `canonical` STRING,
  `change` BIGINT,
  `offset` BIGINT METADATA VIRTUAL,
  `logged_at` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
  'connector' = 'kafka',
  'topic' = 'identities',
  'properties.group.id' = 'tagstream.examples.identities',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.security.protocol' = 'PLAINTEXT',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.fail-on-missing-field' = 'true',
  -- The streaming parser's error does not name the missing column.
  'json.decode.json-parser.enabled' = 'false'
);


-- Each id's person as it is now: its newest change. An id that was never merged has none; one that is by itself again has itself.
CREATE TEMPORARY VIEW `identities` AS
SELECT `user_id`, `canonical`
FROM (
  SELECT
    `user_id`, `canonical`,
    ROW_NUMBER() OVER (PARTITION BY `user_id` ORDER BY `change` DESC, `offset` ASC) AS `age`
  FROM `identities_log`
  WHERE CHAR_LENGTH(`user_id`) > 0 AND CHAR_LENGTH(`canonical`) > 0
)
WHERE `age` = 1
;

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
  'connector' = 'kafka',
  'topic' = 'events',
  'properties.group.id' = 'tagstream.examples.events',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.security.protocol' = 'PLAINTEXT',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true',
  -- The streaming parser loses its place at a value of the wrong type and then takes what lies inside it for fields of the event.
  'json.decode.json-parser.enabled' = 'false'
);


-- Valid events, each event_id once: the one with the lowest offset. A user's events share a partition, so that offsets order them.
CREATE TEMPORARY VIEW `events__as_logged` AS
SELECT
  `event_id`, `user_id`, `event_type`, `item_id`, `properties`,
  TO_TIMESTAMP_LTZ(`occurred_at`, 3) AS `occurred_at`,
  COALESCE(CAST(MOD(`offset`, 64) AS INT), 0) AS `__shard`,
  `logged_at` AS `__logged_at`
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
WHERE `copy` = 1
;

-- The source's rows by person: whoever a row names is named by the canonical id. A merge, and its end, retracts rows and adds them
-- again under the other id, whatever their age.
CREATE TEMPORARY VIEW `events` AS
SELECT
  `row`.`event_id`, COALESCE(`user_id__is`.`canonical`, `row`.`user_id`) AS `user_id`, `row`.`event_type`, `row`.`item_id`, `row`.`properties`, `row`.`occurred_at`,
  `row`.`__shard`, `row`.`__logged_at`
FROM `events__as_logged` AS `row`
LEFT JOIN `identities` AS `user_id__is` ON `user_id__is`.`user_id` = `row`.`user_id`
;

-- Time as a topic: one tick a minute and shard. A row of a window leaves when the tick of its last minute arrives.
CREATE TEMPORARY TABLE `clock` (
  `minute` BIGINT NOT NULL,
  `shard` INT NOT NULL
) WITH (
  'connector' = 'kafka',
  'topic' = 'clock',
  'properties.group.id' = 'tagstream.examples.clock',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.security.protocol' = 'PLAINTEXT',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.fail-on-missing-field' = 'true'
)
;

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
  'connector' = 'kafka',
  'topic' = 'predictions',
  'properties.group.id' = 'tagstream.examples.predictions',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.security.protocol' = 'PLAINTEXT',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true',
  -- See events.sql.
  'json.decode.json-parser.enabled' = 'false'
)
;

-- Valid predictions of the models that learn, each prediction_id once: the one with the lowest offset. A user's predictions share a
-- partition, so that offsets order them. With what the label waits for: an event of `label_event` after the prediction, up to and
-- including `ends_at`; until the tick `due_minute`, the first that lies behind `ends_at` and the grace for late events.
-- A prediction that was logged when its tick was due already is left out: the clock would not look at it again. All that is left
-- out is so before the first copy is chosen: a filter after it would have Flink write a tombstone before each new label.
CREATE TEMPORARY VIEW `awaited` AS
SELECT
  `prediction_id`, `model`, `version`, `user_id`, `features`, `score`, `frozen_score`, `predicted_at`,
  `label_event`, `ends_at`, `due_minute`,
  COALESCE(CAST(MOD(`offset`, 64) AS INT), 0) AS `__shard`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY `prediction_id` ORDER BY `offset` ASC) AS `copy`
  FROM (
    SELECT
      *,
      (`ends_at` + CASE `model` WHEN 'buys' THEN CAST(300000 AS BIGINT) WHEN 'o' THEN CAST(0 AS BIGINT) END) / 60000 + 1 AS `due_minute`
    FROM (
      SELECT
        *,
        CASE `model` WHEN 'buys' THEN 'payment_done' WHEN 'o' THEN 'it''s' END AS `label_event`,
        `predicted_at` + CASE `model` WHEN 'buys' THEN CAST(604800000 AS BIGINT) WHEN 'o' THEN CAST(60000 AS BIGINT) END AS `ends_at`
      FROM `predictions_log`
      WHERE `model` IN ('buys', 'o')
        AND CHAR_LENGTH(`prediction_id`) BETWEEN 1 AND 128
        AND CHAR_LENGTH(`user_id`) BETWEEN 1 AND 128
        AND CHAR_LENGTH(`features`) BETWEEN 2 AND 8192
        AND `version` >= 0
        AND `score` BETWEEN 0 AND 1
        AND (`frozen_score` IS NULL OR `frozen_score` BETWEEN 0 AND 1)
        AND `predicted_at` > 0
        AND TO_TIMESTAMP_LTZ(`predicted_at`, 3) <= `logged_at` + INTERVAL '5' MINUTE
    )
  )
  WHERE TO_TIMESTAMP_LTZ(`due_minute` * 60000, 3) > `logged_at`
)
WHERE `copy` = 1;


-- What decides each prediction's label: each event that it waited for, and the tick. An event decides that was logged up to
-- 7 days after that tick; then the job may have forgotten the prediction, and a batch run must not know more than it.
-- Whoever was scored under one id and acted under another of the same person was the one who acted.
CREATE TEMPORARY VIEW `signs` AS
SELECT
  `waits`.`prediction_id`,
  1 AS `label`,
  TIMESTAMPDIFF(SECOND, TO_TIMESTAMP_LTZ(0, 3), `seen`.`occurred_at`) * CAST(1000 AS BIGINT)
    + EXTRACT(MILLISECOND FROM `seen`.`occurred_at`) AS `happened_at`,
  CAST(NULL AS BIGINT) AS `ticked_at`
FROM `awaited` AS `waits`
LEFT JOIN `identities` AS `is` ON `is`.`user_id` = `waits`.`user_id`
JOIN `events` AS `seen`
  ON `seen`.`user_id` = COALESCE(`is`.`canonical`, `waits`.`user_id`)
  AND `seen`.`event_type` = `waits`.`label_event`
  AND `seen`.`occurred_at` > TO_TIMESTAMP_LTZ(`waits`.`predicted_at`, 3)
  AND `seen`.`occurred_at` <= TO_TIMESTAMP_LTZ(`waits`.`ends_at`, 3)
  AND `seen`.`__logged_at` <= TO_TIMESTAMP_LTZ(`waits`.`due_minute` * 60000 + CAST(604800000 AS BIGINT), 3)
WHERE `seen`.`event_type` IN ('it''s', 'payment_done')
UNION ALL
SELECT `waits`.`prediction_id`, 0 AS `label`, CAST(NULL AS BIGINT) AS `happened_at`, `due_minute` * 60000 AS `ticked_at`
FROM `awaited` AS `waits`
JOIN (SELECT `minute`, `shard` FROM `clock` GROUP BY `minute`, `shard`) AS `tick`
  ON `tick`.`minute` = `waits`.`due_minute` AND `tick`.`shard` = `waits`.`__shard`;


-- The label: positive when any event decided, whatever the tick said before. Decided by the first of these events, else by the tick.
CREATE TEMPORARY VIEW `labels` AS
SELECT
  `prediction_id`,
  MAX(`label`) AS `label`,
  COALESCE(MIN(`happened_at`), MIN(`ticked_at`)) AS `decided_at`
FROM `signs`
GROUP BY `prediction_id`;


CREATE TEMPORARY VIEW `labelled` AS
SELECT
  `waits`.`prediction_id`, `waits`.`model`, `waits`.`version`, `waits`.`user_id`, `waits`.`features`,
  `waits`.`score`, `waits`.`frozen_score`, `waits`.`predicted_at`, `labels`.`label`, `labels`.`decided_at`
FROM `awaited` AS `waits`
JOIN `labels` ON `labels`.`prediction_id` = `waits`.`prediction_id`
;

CREATE TEMPORARY TABLE `examples` (
  `prediction_id` STRING NOT NULL,
  `model` STRING,
  `version` BIGINT,
  `user_id` STRING,
  `features` STRING,
  `score` DOUBLE,
  `frozen_score` DOUBLE,
  `predicted_at` BIGINT,
  `label` INT,
  `decided_at` BIGINT,
  PRIMARY KEY (`prediction_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'examples',
  'key.format' = 'raw',
  'value.format' = 'json',
  'properties.linger.ms' = '50',
  'properties.compression.type' = 'lz4',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.security.protocol' = 'PLAINTEXT'
);

INSERT INTO `examples`
SELECT * FROM `labelled`;
