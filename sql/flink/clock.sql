-- Time as a topic: one tick a minute and shard. A row of a window leaves when the tick of its last minute arrives.
CREATE TEMPORARY TABLE `$clock` (
  `minute` BIGINT NOT NULL,
  `shard` INT NOT NULL
) WITH (
  $connector,
  'format' = 'json',
  'json.fail-on-missing-field' = 'true'
)
