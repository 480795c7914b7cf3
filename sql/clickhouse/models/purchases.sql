-- What users bought before a time, by their rows as those were known at another: one row a user who bought on any day. A row is
-- its newest change that was logged by `known_ms`; a deleted one, and one of a status that is left out, is no purchase. Several
-- purchases of a day are one. A row without a time, or whose amount is no finite number from 0 on, is counted as unreadable.
-- No users: all whose hash is from `from_hash` on and below `below`. Otherwise only rows that ever were of one of these are read.
SELECT user_id,
  uniqExactIf(day, fine) AS days,
  minIf(day, fine) AS first_day,
  maxIf(day, fine) AS last_day,
  sumIf(amount, fine) AS spend,
  sumIf(amount, fine AND day >= {recent_day:Int64}) AS recent_spend,
  countIf(NOT fine) AS unreadable,
  anyIf(key, NOT fine) AS unreadable_key
FROM
(
  SELECT key, user_id, intDiv(time_ms, 86400000) AS day, ifNull(read_amount, 0) AS amount,
    time_ms > 0 AND ifNull(isFinite(read_amount) AND read_amount >= 0, false) AS fine
  FROM
  (
    SELECT key, JSONExtractString(newest.1, {user_column:String}) AS user_id,
      JSONExtractInt(newest.1, {time_column:String}) AS time_ms,
      toFloat64OrNull(trim(BOTH '"' FROM JSONExtractRaw(newest.1, {amount_column:String}))) AS read_amount,
      JSONExtractString(newest.1, {status_column:String}) AS status, newest.2 AS gone
    FROM
    (
      SELECT key, argMax((row, deleted), (row_changes.offset, place)) AS newest
      FROM row_changes
      WHERE source = {source:String} AND logged_at <= fromUnixTimestamp64Milli({known_ms:Int64})
        AND (empty({users:Array(String)}) OR key IN (
          SELECT key FROM row_lookups
          WHERE source = {source:String} AND column = {user_column:String} AND value IN {users:Array(String)}
        ))
      GROUP BY key
    )
  )
  WHERE NOT gone AND user_id != '' AND status NOT IN {without:Array(String)}
    AND (empty({users:Array(String)}) OR user_id IN {users:Array(String)})
    AND ({below:String} = '' OR substring(lower(hex(MD5(user_id))), 1, 4) < {below:String})
    AND ({from_hash:String} = '' OR substring(lower(hex(MD5(user_id))), 1, 4) >= {from_hash:String})
    AND time_ms < {before_day:Int64} * 86400000 AND (time_ms <= 0 OR time_ms >= {from_day:Int64} * 86400000)
)
GROUP BY user_id
ORDER BY user_id
LIMIT {limit:UInt32}
SETTINGS max_execution_time = 60
