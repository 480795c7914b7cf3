-- Saved crowds. Names are ASCII, compared byte by byte.
CREATE TABLE IF NOT EXISTS crowds (
  name VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  title VARCHAR(200) NOT NULL,
  rule LONGTEXT NOT NULL COMMENT 'The rule as JSON',
  fingerprint CHAR(64) NOT NULL COMMENT 'SHA-256 of the rule''s normal form',
  owner VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'Who saved it first',
  revision INT UNSIGNED NOT NULL COMMENT 'From 1, one more with every change',
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
) DEFAULT CHARACTER SET utf8mb4;
-- Tables made before crowds had owners. MySQL has no ADD COLUMN IF NOT EXISTS.
SET @owned = (SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'crowds' AND column_name = 'owner');
SET @add_owner = IF(@owned, 'DO 0', 'ALTER TABLE crowds ADD COLUMN owner VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '''' AFTER fingerprint');
PREPARE add_owner FROM @add_owner;
EXECUTE add_owner;
DEALLOCATE PREPARE add_owner;
