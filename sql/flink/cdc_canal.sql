-- A source table's row changes as Canal writes them (flat JSON messages, every value a string, rows in an array).
CREATE TEMPORARY TABLE `${source}_log` (
  `data` ARRAY<ROW<$wire_columns>>,
  `type` STRING,
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
    `row`.`$key` AS `$key`, $expressions, `log`.`type`, `log`.`offset`, `log`.`logged_at`,
    ROW_NUMBER() OVER (PARTITION BY `row`.`$key` ORDER BY `log`.`offset` DESC, `row`.`place` DESC) AS `age`
  FROM `${source}_log` AS `log`
  CROSS JOIN UNNEST(`log`.`data`) WITH ORDINALITY AS `row` ($wire_names, `place`)
  WHERE `log`.`type` IN ('INSERT', 'UPDATE', 'DELETE')$known
)
WHERE `age` = 1 AND `type` <> 'DELETE'
