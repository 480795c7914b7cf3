SELECT shard AS user_id, MAX(minute) AS value FROM clock GROUP BY shard
