-- The next deltas of a planned batch, in their order. Without a name: of who was erased.
WITH page AS
(
    SELECT sequence, user_no, change, at, tick, rule_version
    FROM crowd_deltas FINAL
    WHERE watch = {watch:String} AND attempt = {attempt:String} AND sequence > {after:UInt64}
    ORDER BY sequence
    LIMIT {limit:UInt32}
)
SELECT sequence, change, user_id, toUnixTimestamp64Milli(at) AS at_ms, tick, rule_version
FROM page
LEFT JOIN (SELECT user_no, user_id FROM users FINAL WHERE user_no IN (SELECT user_no FROM page)) AS named USING (user_no)
ORDER BY sequence
