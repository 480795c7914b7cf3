SELECT user_id, COUNT(*) AS value FROM events WHERE properties['price'] > 10 AND occurred_at > '2026-01-01' GROUP BY user_id
