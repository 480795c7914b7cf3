-- Which server this is, and whether Tagstream's tables are there.
SELECT
  version() AS version,
  (SELECT count() FROM system.tables WHERE database = currentDatabase()) AS tables
