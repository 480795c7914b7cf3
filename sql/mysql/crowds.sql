-- Saved crowds. Names are ASCII, compared byte by byte.
CREATE TABLE IF NOT EXISTS crowds (
  name VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  title VARCHAR(200) NOT NULL,
  rule LONGTEXT NOT NULL COMMENT 'The rule as JSON',
  fingerprint CHAR(64) NOT NULL COMMENT 'SHA-256 of the rule''s normal form',
  revision INT UNSIGNED NOT NULL COMMENT 'From 1, one more with every change',
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
) DEFAULT CHARACTER SET utf8mb4;
