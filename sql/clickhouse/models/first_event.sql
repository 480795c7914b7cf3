-- When the log's history begins.
SELECT toUnixTimestamp64Milli(minOrNull(occurred_at)) AS first_ms FROM events_by_time
