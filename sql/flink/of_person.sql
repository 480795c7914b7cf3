-- The source's rows by person: whoever a row names is named by the canonical id. A merge, and its end, retracts rows and adds them
-- again under the other id, whatever their age.
CREATE TEMPORARY VIEW `$source` AS
SELECT
  $of_person,
  `row`.`__shard`, `row`.`__logged_at`
FROM `$logged` AS `row`
$joined
