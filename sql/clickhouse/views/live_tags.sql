-- What is stored of the live tags.
SELECT tag, version, sensitivity, toUnixTimestamp64Milli(written_at) AS written_at_ms
FROM live_tags FINAL
