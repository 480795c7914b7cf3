SELECT name, fingerprint, job_id FROM flink_jobs WHERE name = %(name)s
