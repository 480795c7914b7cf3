-- The events of some ids before a place in time, the newest first, each once by its lowest offset.
SELECT event_id, winner.6 AS user_id, winner.1 AS event_type, winner.2 AS item_id, winner.3 AS properties, winner.4 AS occurred_at_ms,
  winner.5 AS logged_at_ms
FROM
(
  SELECT event_id, argMin((event_type, item_id, properties, toUnixTimestamp64Milli(occurred_at),
    toUnixTimestamp64Milli(logged_at), events.user_id), events.offset) AS winner
  FROM events
  WHERE user_id IN {users:Array(String)}
  GROUP BY event_id
)
WHERE (occurred_at_ms, event_id) < ({before_ms:Int64}, {before_id:String})
ORDER BY occurred_at_ms DESC, event_id DESC
LIMIT {limit:UInt32}
SETTINGS max_execution_time = 8
