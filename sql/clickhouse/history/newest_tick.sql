-- The newest minute that had begun by a time, and the time of the very first tick. A tick's rows need no merge: any will do.
SELECT maxOrNullIf(clock_ticks.minute, ticked_at <= fromUnixTimestamp64Milli({at_ms:Int64})) AS minute,
  toUnixTimestamp64Milli(minOrNull(ticked_at)) AS first_at_ms, maxOrNull(clock_ticks.minute) AS newest_minute
FROM clock_ticks
