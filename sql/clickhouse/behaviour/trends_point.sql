-- Users who did it so often in a unit (-1: in the whole period).
SELECT user_id
FROM
(
$people
)
WHERE arraySum((unit, times) -> if({unit:Int32} = -1 OR unit = {unit:Int32}, times, 0), counted.1, counted.2) >= {at_least:UInt32}
