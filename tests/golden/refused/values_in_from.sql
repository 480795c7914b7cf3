SELECT user_id, value FROM (VALUES ('u1', 'gold')) AS t
