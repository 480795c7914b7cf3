-- The deltas of a watch between two sequences as columns of a file, in their order: those of batches that were planned to the end.
WITH page AS
(
    SELECT sequence, user_no, change, at, tick, rule_version
    FROM crowd_deltas FINAL
    WHERE watch = {watch:String}
      AND attempt IN (SELECT attempt FROM crowd_batches WHERE watch = {watch:String})
      AND sequence > {after:UInt64} AND sequence <= {until:UInt64}
)
SELECT
    sequence, toString(change) AS change, user_id, toUnixTimestamp64Milli(at) AS at_ms, tick, rule_version
FROM page
INNER JOIN (SELECT user_no, user_id FROM users FINAL WHERE user_no IN (SELECT user_no FROM page)) AS named USING (user_no)
ORDER BY sequence
SETTINGS max_execution_time = 20
