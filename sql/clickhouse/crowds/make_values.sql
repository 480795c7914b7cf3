-- Stored values of made-up users of one bucket and one tag, those that make_bitmaps.sql made bitmaps of, for deploy/bench/crowds.py.
INSERT INTO tag_values (tag, version, user_no, user_id, value, number, present, changed_at, partition, offset)
SELECT
    {tag:String}, 1, number, concat('u', toString(number)),
    concat('"', toString(bitShiftRight(bitAnd(number * {multiplier:UInt64} * 2654435761, 4294967295), 8) % {values:UInt64}), '"'),
    NULL, true, now64(3), 0, number
FROM numbers(1, least(1048575, {users:UInt64}))
