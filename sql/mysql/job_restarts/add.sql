INSERT IGNORE INTO job_restarts (job, restored_ms, flink_job_id, times, since_ms)
VALUES (%(job)s, %(restored_ms)s, %(flink_job_id)s, %(times)s, %(since_ms)s)
