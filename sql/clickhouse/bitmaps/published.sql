-- The newest published generation (0: none), and when it was.
SELECT max(generation) AS generation, toUnixTimestamp64Milli(max(built_at)) AS built_at_ms FROM bitmap_buckets
