-- Events of a period that are in the log up to a cut. Nothing but FINAL may choose among copies: a filter inside could drop
-- the partition with the copy that counts, and let another win. A cut of the log is closed: the copy with the lowest offset counts.
-- Whoever is one person with somebody at that time did what any of their ids did.
SELECT if(people.person = '', stored.user_id, people.person) AS user_id, event_type, properties, at_ms, place, day
FROM
(
SELECT
    user_id, event_type, properties, at_ms,
    -- The hash orders the events of one message, which share its place.
    (at_ms, partition, offset, cityHash64(event_id)) AS place,
    toInt32(toDate(occurred_at, {zone:String}) - {first_day:Date}) AS day
FROM
(
    SELECT
        user_id, event_id, event_type, properties, occurred_at, partition, offset,
        toUnixTimestamp64Milli(occurred_at) AS at_ms
    FROM events FINAL
)
WHERE at_ms >= {from_ms:Int64} AND at_ms < {read_until_ms:Int64}
  AND ({any_type:UInt8} OR has({types:Array(String)}, event_type))
  AND offset < transform(partition, {partitions:Array(UInt16)}, {offsets:Array(UInt64)}, {elsewhere:UInt64})
) AS stored
LEFT JOIN
(
    SELECT identities.user_id AS user_id, argMax(identities.canonical, identities.change) AS person
    FROM identities
    WHERE logged_at <= fromUnixTimestamp64Milli({people_at_ms:Int64})
    GROUP BY user_id
) AS people ON people.user_id = stored.user_id
