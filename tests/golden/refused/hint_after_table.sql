SELECT user_id, city AS value FROM users /*+ OPTIONS('scan.startup.mode' = 'latest-offset') */
