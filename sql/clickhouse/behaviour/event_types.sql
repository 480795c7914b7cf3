-- The most frequent types of events. A copy counts: only their order rests on it.
SELECT event_type, count() AS events
FROM events
GROUP BY event_type
ORDER BY events DESC, event_type
LIMIT {limit:UInt16}
