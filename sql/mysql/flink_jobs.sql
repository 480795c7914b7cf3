-- Which Flink job runs which SQL under a name, so that a restart finds its checkpoint.
CREATE TABLE IF NOT EXISTS flink_jobs (
  name VARCHAR(128) NOT NULL PRIMARY KEY,
  fingerprint CHAR(64) NOT NULL COMMENT 'SHA-256 of the job''s SQL',
  job_id CHAR(32) NOT NULL COMMENT 'Flink''s id',
  submitted_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
) COMMENT 'The newest submission under each name';
