-- Made-up events for deploy/bench_behaviour.py: so many a user, twelve hours and up to half an hour apart.
INSERT INTO events (event_id, user_id, event_type, item_id, properties, occurred_at, logged_at, partition, offset)
SELECT
    toString(number),
    concat('u', toString(intDiv(number, {events_per_user:UInt64}))),
    ['view', 'cart', 'pay', 'search', 'share'][1 + bitShiftRight(hash, 8) % 5],
    NULL,
    map(),
    fromUnixTimestamp64Milli(toInt64({start_ms:UInt64} + (number % {events_per_user:UInt64}) * 43200000 + hash % 1800000)) AS at,
    at,
    0,
    number
FROM
(
    SELECT number, bitShiftRight(bitXor(mixed, bitShiftRight(mixed, 33)) * 18397679294719823053, 32) AS hash
    FROM (SELECT number, (number + 1) * 6364136223846793005 AS mixed FROM numbers({events:UInt64}))
)
