-- Of the people who did something in the days before a moment: whether the event came within the horizon after it, and the
-- property of the first such event. The moment itself is before. An empty event type stands for any. Who was one person with
-- whom is as it was known at the moment, as for the features.
SELECT user_id,
  countIf(occurred_at > fromUnixTimestamp64Milli({at_ms:Int64})
    AND ({event_type:String} = '' OR event_type = {event_type:String})) > 0 AS happened,
  argMinIf(properties[{property:String}], (occurred_at, event_id),
    occurred_at > fromUnixTimestamp64Milli({at_ms:Int64}) AND event_type = {event_type:String}) AS next_value
FROM
(
  SELECT if(people.person = '', stored.user_id, people.person) AS user_id, event_id, event_type, properties, occurred_at
  FROM
  (
    SELECT user_id, event_id, event_type, properties, occurred_at
    FROM events_by_time
    WHERE occurred_at > fromUnixTimestamp64Milli({active_from_ms:Int64})
      AND occurred_at <= fromUnixTimestamp64Milli({until_ms:Int64})
  ) AS stored
  LEFT JOIN
  (
    SELECT identities.user_id AS user_id, argMax(identities.canonical, identities.change) AS person
    FROM identities
    WHERE logged_at <= fromUnixTimestamp64Milli({at_ms:Int64})
    GROUP BY user_id
  ) AS people ON people.user_id = stored.user_id
)
WHERE {below:String} = '' OR substring(lower(hex(MD5(user_id))), 1, 4) < {below:String}
GROUP BY user_id
HAVING countIf(occurred_at <= fromUnixTimestamp64Milli({at_ms:Int64})) > 0
ORDER BY user_id
