-- One stored value written again as a newer change, so that its bucket is to be built again, for deploy/bench/crowds.py.
INSERT INTO tag_values (tag, version, user_no, user_id, value, number, present, changed_at, partition, offset)
SELECT tag, version, user_no, user_id, value, number, present, now64(3), 0, {offset:UInt64}
FROM tag_values FINAL
WHERE tag = {tag:String} AND version = 1 AND user_no = 1
