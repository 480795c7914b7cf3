-- A model version's served vectors of a period, the newest first, each with the newest changes of its features' tags that were
-- logged by its instant, of every version: (tag, version, [(-offset, value, present, changed_ms)]), the newest change first.
-- One user's changes of a tag version are in one partition.
WITH
  vectors AS
  (
    SELECT prediction_id, user_id, features, toUnixTimestamp64Milli(predicted_at) AS served_ms
    FROM served_vectors FINAL
    WHERE model = {model:String} AND version = {version:UInt32}
      AND predicted_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND predicted_at < fromUnixTimestamp64Milli({until_ms:Int64})
    ORDER BY predicted_at DESC, prediction_id
    LIMIT {limit:UInt32}
  ),
  changes AS
  (
    SELECT user_id, tag, version, value, present, toUnixTimestamp64Milli(changed_at) AS changed_ms, tag_changes.offset AS place
    FROM tag_changes FINAL
    WHERE tag IN {tags:Array(String)}
      AND user_no IN (SELECT user_no FROM users_by_id WHERE user_id IN (SELECT user_id FROM vectors))
      AND changed_at < fromUnixTimestamp64Milli({until_ms:Int64})
  )
SELECT v.prediction_id AS prediction_id, any(v.user_id) AS user_id, any(v.features) AS features,
  any(v.served_ms) AS served_ms, groupArrayIf((k.tag, k.version, k.newest), k.tag != '') AS known
FROM vectors AS v
LEFT JOIN
(
  SELECT w.prediction_id AS prediction_id, c.tag AS tag, c.version AS version,
    groupArraySorted({changes:UInt32})((-toInt64(c.place), c.value, c.present, c.changed_ms)) AS newest
  FROM vectors AS w
  INNER JOIN changes AS c ON c.user_id = w.user_id
  WHERE c.changed_ms <= w.served_ms
  GROUP BY prediction_id, tag, version
) AS k ON k.prediction_id = v.prediction_id
GROUP BY prediction_id
ORDER BY served_ms DESC, prediction_id
SETTINGS max_execution_time = 30, join_use_nulls = 0
