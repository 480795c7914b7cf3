-- The upsert topic of one tag version. A message without a value withdraws the user's: as plain text it is seen in both modes,
-- where a JSON format would skip it and an upsert table cannot be read in batch.
CREATE TEMPORARY TABLE `${source}_log` (
  `user_id` STRING,
  `message` STRING,
  `offset` BIGINT METADATA VIRTUAL
) WITH (
  $connector,
  'key.format' = 'raw',
  'key.fields' = 'user_id',
  'value.format' = 'raw',
  'value.fields-include' = 'EXCEPT_KEY'
);

-- The tag's values as they are now: each user's newest, unless that is none. A user's messages share a partition, so that offsets order them.
CREATE TEMPORARY VIEW `$source` AS
SELECT `user_id`, `value`
FROM (
  SELECT
    `user_id`, TRY_CAST(JSON_VALUE(`message`, '$$.value') AS $type) AS `value`,
    ROW_NUMBER() OVER (PARTITION BY `user_id` ORDER BY `offset` DESC) AS `age`
  FROM `${source}_log`
  WHERE CHAR_LENGTH(`user_id`) > 0
)
WHERE `age` = 1 AND `value` IS NOT NULL
