-- The dense number of every user, which stands for the user in bitmaps. Run in Tagstream's own database; running it again
-- changes nothing. Ids are bytes: in MySQL's text types 'a' and 'a ' are the same key.
CREATE TABLE IF NOT EXISTS user_numbers (
  user_no  INT UNSIGNED   NOT NULL PRIMARY KEY COMMENT 'From 1, without gaps, never given twice',
  user_id  VARBINARY(512) NOT NULL COMMENT 'UTF-8, at most 128 characters',
  given_at DATETIME(3)    NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY user_numbers_by_id (user_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- One row, locked by whoever gives numbers. AUTO_INCREMENT leaves gaps and may give a number twice after a restart.
CREATE TABLE IF NOT EXISTS user_number_counter (
  only_row TINYINT UNSIGNED NOT NULL PRIMARY KEY CHECK (only_row = 1),
  next_no  INT UNSIGNED     NOT NULL
) ENGINE = InnoDB;

INSERT IGNORE INTO user_number_counter (only_row, next_no) VALUES (1, 1);
