SELECT user_id, event_type AS value FROM events
