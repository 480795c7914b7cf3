INSERT INTO flink_jobs (name, fingerprint, job_id) VALUES (%(name)s, %(fingerprint)s, %(job_id)s)
ON DUPLICATE KEY UPDATE fingerprint = VALUES(fingerprint), job_id = VALUES(job_id)
