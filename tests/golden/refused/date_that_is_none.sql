SELECT user_id, COUNT(*) AS value FROM orders WHERE CAST(ordered_at AS DATE) > DATE '2026-02-30' GROUP BY user_id
