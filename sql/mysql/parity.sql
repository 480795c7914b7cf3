-- The history of comparisons of stream and batch. In MySQL, not in ClickHouse: a request is taken by one process alone, a run
-- changes from waiting to done, and what is live is decided by the newest outcome in the transaction that moves the pointer.
-- It is small: a row a run, a row a tag version and store, and at most some dozens of named users each.
CREATE TABLE IF NOT EXISTS parity_runs (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  origin VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'verify, proof, schedule or request',
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'waiting, running, done or failed',
  tag VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'The one tag asked for; empty: all live ones',
  version INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'Its version; 0: the live one',
  cause VARCHAR(1000) NOT NULL DEFAULT '' COMMENT 'Why it failed, or what it could not compare',
  asked_at DATETIME(3) NOT NULL,
  started_at DATETIME(3) NULL,
  finished_at DATETIME(3) NULL,
  waiting_for VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'tag.version while it waits: asked for once',
  UNIQUE KEY parity_runs_by_waiting (waiting_for),
  KEY parity_runs_by_status (status, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE IF NOT EXISTS parity_results (
  run_id BIGINT UNSIGNED NOT NULL,
  tag VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT UNSIGNED NOT NULL,
  store VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  equal_users BIGINT UNSIGNED NOT NULL,
  missing_users BIGINT UNSIGNED NOT NULL,
  extra_users BIGINT UNSIGNED NOT NULL,
  different_users BIGINT UNSIGNED NOT NULL,
  pending_users BIGINT UNSIGNED NOT NULL,
  barrier_at DATETIME(3) NOT NULL,
  PRIMARY KEY (run_id, tag, version, store),
  KEY parity_results_by_tag (tag, version, run_id),
  FOREIGN KEY (run_id) REFERENCES parity_runs (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Users are bytes: in MySQL's text types 'a' and 'a ' are the same.
CREATE TABLE IF NOT EXISTS parity_findings (
  run_id BIGINT UNSIGNED NOT NULL,
  place INT UNSIGNED NOT NULL COMMENT 'From 1',
  tag VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT UNSIGNED NOT NULL,
  store VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id VARBINARY(512) NOT NULL,
  outcome VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  finding MEDIUMTEXT NOT NULL COMMENT 'Both values, offset, cause and evidence as JSON',
  PRIMARY KEY (run_id, place),
  FOREIGN KEY (run_id) REFERENCES parity_runs (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
