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
      (`ends_at` + CASE `model` $graces_ms END) / 60000 + 1 AS `due_minute`
    FROM (
      SELECT
        *,
        CASE `model` $event_types END AS `label_event`,
        `predicted_at` + CASE `model` $horizons_ms END AS `ends_at`
      FROM `predictions_log`
      WHERE `model` IN ($models)
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
-- $late_days days after that tick; then the job may have forgotten the prediction, and a batch run must not know more than it.
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
  AND `seen`.`__logged_at` <= TO_TIMESTAMP_LTZ(`waits`.`due_minute` * 60000 + $late_ms, 3)
WHERE `seen`.`event_type` IN ($label_events)
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
