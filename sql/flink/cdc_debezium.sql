-- A source table's row changes as Debezium writes them (JSON envelope). A column that MySQL no longer has is an error, never a NULL.
CREATE TEMPORARY TABLE `${source}_log` (
  `before` ROW<`$key` STRING>,
  `after` ROW<$wire_columns>,
  `op` STRING,
  `offset` BIGINT METADATA VIRTUAL,
  `logged_at` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
  $connector,
  'format' = 'json',
  'json.fail-on-missing-field' = 'true',
  -- The streaming parser's error does not name the missing column.
  'json.decode.json-parser.enabled' = 'false'
);

-- The table as it is now: the newest change of each key, unless that is a delete. The same text in stream and in batch.
CREATE TEMPORARY VIEW `$logged` AS
SELECT
  `$key`, $columns,
  COALESCE(CAST(MOD(`offset`, 64) AS INT), 0) AS `__shard`,
  $judged_at AS `__logged_at`
FROM (
  SELECT
    COALESCE(`after`.`$key`, `before`.`$key`) AS `$key`, $expressions, `op`, `offset`, `logged_at`,
    ROW_NUMBER() OVER (PARTITION BY COALESCE(`after`.`$key`, `before`.`$key`) ORDER BY `offset` DESC) AS `age`
  FROM `${source}_log`
  WHERE `op` IN ('c', 'r', 'u', 'd')$known
)
WHERE `age` = 1 AND `op` <> 'd'
