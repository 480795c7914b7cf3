-- When the history of each of some tag versions begins. One that no user ever had a value of has none.
SELECT tag, toUnixTimestamp64Milli(min(changed_at)) AS known_from_ms
FROM tag_changes
WHERE (tag, version) IN {asked:Array(Tuple(String, UInt32))}
GROUP BY tag
SETTINGS max_execution_time = 8
