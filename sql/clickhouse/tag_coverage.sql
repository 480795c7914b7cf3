-- Of every tag version: users with a value now, and when the newest change of any user was.
SELECT tag, version, countIf(present) AS users, toUnixTimestamp64Milli(max(changed_at)) AS last_changed_at_ms
FROM tag_values FINAL
GROUP BY tag, version
ORDER BY tag, version
