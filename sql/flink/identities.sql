-- Which person each merged id belongs to. A change of the same number is the same change, sent again by a publisher that was killed.
CREATE TEMPORARY TABLE `identities_log` (
  `user_id` STRING,
  `canonical` STRING,
  `change` BIGINT,
  `offset` BIGINT METADATA VIRTUAL,
  `logged_at` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
  $connector,
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
  WHERE CHAR_LENGTH(`user_id`) > 0 AND CHAR_LENGTH(`canonical`) > 0$known
)
WHERE `age` = 1
