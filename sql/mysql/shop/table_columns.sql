-- A table's columns in order, for comparison with what a source says of it. Binds: database, table.
SELECT
  COLUMN_NAME AS name,
  LOWER(DATA_TYPE) AS data_type,
  COLUMN_TYPE LIKE '%%unsigned%%' AS is_unsigned,
  COLUMN_KEY = 'PRI' AS is_primary,
  NUMERIC_PRECISION AS digits,
  NUMERIC_SCALE AS scale,
  DATETIME_PRECISION AS fraction
FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = %(database)s AND TABLE_NAME = %(table)s
ORDER BY ORDINAL_POSITION
