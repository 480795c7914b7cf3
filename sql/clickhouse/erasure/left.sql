-- How many rows of each table name who is being erased.
SELECT 'users' AS table, count() AS rows FROM users WHERE user_id IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'users_by_id', count() FROM users_by_id WHERE user_id IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'tag_values', count() FROM tag_values WHERE user_id IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'tag_changes', count() FROM tag_changes WHERE user_id IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'identities', count() FROM identities
WHERE user_id IN (SELECT user_id FROM erasing) OR canonical IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'events', count() FROM events WHERE user_id IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'events_by_time', count() FROM events_by_time WHERE user_id IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'event_arrivals', count() FROM event_arrivals WHERE user_id IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'feature_values', count() FROM feature_values WHERE user_id IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'served_vectors', count() FROM served_vectors WHERE user_id IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'crowd_deltas', count() FROM crowd_deltas
WHERE user_no != 0 AND user_no IN (SELECT user_no FROM erasing)
UNION ALL SELECT 'dead_letters', count() FROM dead_letters CROSS JOIN erasing
WHERE arrayExists(token -> position(payload, token) > 0 OR position(detail, token) > 0, tokens)
UNION ALL SELECT 'row_changes', count() FROM row_changes
WHERE (source, key) IN
    (
        SELECT source, key
        FROM row_lookups
        WHERE (source, column) IN {columns:Array(Tuple(String, String))} AND value IN (SELECT user_id FROM erasing)
    )
   OR has({keyed:Array(String)}, source) AND key IN (SELECT user_id FROM erasing)
UNION ALL SELECT 'row_lookups', count() FROM row_lookups
WHERE (source, column) IN {columns:Array(Tuple(String, String))} AND value IN (SELECT user_id FROM erasing)
   OR has({keyed:Array(String)}, source) AND key IN (SELECT user_id FROM erasing)
