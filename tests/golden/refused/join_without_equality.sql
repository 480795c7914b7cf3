SELECT e.user_id, COUNT(*) AS value FROM events AS e JOIN users AS u ON e.occurred_at > u.registered_at GROUP BY e.user_id
