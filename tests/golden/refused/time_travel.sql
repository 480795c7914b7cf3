SELECT o.user_id, COUNT(*) AS value FROM orders AS o JOIN users FOR SYSTEM_TIME AS OF o.ordered_at AS u ON o.user_id = u.user_id GROUP BY o.user_id
