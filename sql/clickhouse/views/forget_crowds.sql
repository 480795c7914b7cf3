-- Builds of crowds that were begun before a time (epoch milliseconds) and are not, or no more, the one that counts.
DELETE FROM crowd_bitmaps
WHERE build < toUInt64({before_ms:Int64})
  AND (crowd, build) NOT IN (SELECT crowd, argMax(build, written_at) FROM crowd_states GROUP BY crowd)
