-- The deltas of a watch after a sequence, in their order: those of batches that were planned to the end. Without a
-- name: of who was erased.
WITH page AS
(
    SELECT sequence, user_no, change, at, tick, rule_version
    FROM crowd_deltas FINAL
    WHERE watch = {watch:String}
      AND attempt IN (SELECT attempt FROM crowd_batches WHERE watch = {watch:String})
      AND sequence > {after:UInt64}
    ORDER BY sequence
    LIMIT {limit:UInt32}
)
SELECT sequence, change, user_id, toUnixTimestamp64Milli(at) AS at_ms, tick, rule_version
FROM page
LEFT JOIN (SELECT user_no, user_id FROM users FINAL WHERE user_no IN (SELECT user_no FROM page)) AS named USING (user_no)
ORDER BY sequence
SETTINGS max_execution_time = 10
