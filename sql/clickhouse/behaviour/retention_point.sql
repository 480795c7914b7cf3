-- Users who began in a unit (-1: any that lies far enough back) and came back after so many units (-1: whether or not), or did not.
SELECT user_id
FROM
(
$people
)
WHERE ({cohort:Int32} = -1 OR cohort = {cohort:Int32})
  AND cohort + {unit:Int32} <= {last_unit:UInt16} AND {unit:Int32} <= {units:UInt16}
  AND ({unit:Int32} = -1 OR has(units_back, {unit:Int32}) = {kept:UInt8})
