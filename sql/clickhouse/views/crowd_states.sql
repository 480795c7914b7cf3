-- What is stored of the saved crowds.
SELECT crowd, build, generation, fingerprint, sensitivity, toUnixTimestamp64Milli(built_at) AS built_at_ms,
       toUnixTimestamp64Milli(written_at) AS written_at_ms
FROM crowd_states FINAL
