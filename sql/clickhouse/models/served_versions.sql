-- The model versions that were asked in a period.
SELECT DISTINCT model, version
FROM served_vectors
WHERE predicted_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND predicted_at < fromUnixTimestamp64Milli({until_ms:Int64})
ORDER BY model, version
SETTINGS max_execution_time = 30
