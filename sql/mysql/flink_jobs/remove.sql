-- Forget what was submitted under a name.
DELETE FROM flink_jobs WHERE name = %(name)s
