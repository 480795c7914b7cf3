-- Rows that ever had a value, as they were known at a time: the newest change that was logged by then.
SELECT key, newest.1 AS row, newest.3 AS logged_at_ms, newest.4 AS offset,
  JSONExtractInt(newest.1, {time_column:String}) AS time_ms, count() OVER () AS total
FROM
(
  SELECT key, argMax((row, deleted, toUnixTimestamp64Milli(logged_at), row_changes.offset), (row_changes.offset, place)) AS newest
  FROM row_changes
  WHERE source = {source:String} AND key IN (
    SELECT key FROM row_lookups
    WHERE source = {source:String} AND column = {column:String} AND value IN {values:Array(String)}
  )
    AND logged_at <= fromUnixTimestamp64Milli({at_ms:Int64})
  GROUP BY key
)
WHERE NOT newest.2
ORDER BY time_ms DESC, key
LIMIT {limit:UInt32}
SETTINGS max_execution_time = 8
