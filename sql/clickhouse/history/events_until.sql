-- Events of some users that occurred, or were logged, by a time, whenever they arrived; each once by its lowest offset.
SELECT event_id, winner.1 AS user_id, winner.2 AS event_type, winner.3 AS item_id, winner.4 AS properties,
  winner.5 AS occurred_at_ms, winner.6 AS logged_at_ms, lowest AS offset, count() OVER () AS total
FROM
(
  SELECT event_id, min(events.offset) AS lowest, argMin((user_id, event_type, item_id, properties,
    toUnixTimestamp64Milli(occurred_at), toUnixTimestamp64Milli(logged_at)), events.offset) AS winner
  FROM events
  WHERE user_id IN {users:Array(String)}
  GROUP BY event_id
)
WHERE least(occurred_at_ms, logged_at_ms) <= {at_ms:Int64}
ORDER BY occurred_at_ms DESC, event_id
LIMIT {limit:UInt32}
SETTINGS max_execution_time = 8
