-- Bitmaps of made-up users of one tag, for deploy/bench/crowds.py. Of `flag` the value 0 is none; the tag '' is everyone.
INSERT INTO tag_bitmaps (tag, version, number, value, bucket, generation, users)
SELECT
    {tag:String},
    if({tag:String} = '', 0, 1),
    if({tag:String} = 'spend', made, 0),
    multiIf({tag:String} = '', '', {tag:String} = 'spend', toString(made), concat('"', toString(made), '"')),
    bucket, 1, users
FROM
(
    SELECT
        bitShiftRight(bitAnd(number * {multiplier:UInt64} * 2654435761, 4294967295), 8) % {values:UInt64} AS made,
        toUInt16(bitShiftRight(number, 20)) AS bucket,
        groupBitmapState(toUInt32(number)) AS users
    FROM numbers(1, {users:UInt64})
    GROUP BY made, bucket
)
WHERE {tag:String} != 'flag' OR made > 0
