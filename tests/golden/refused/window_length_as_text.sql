SELECT user_id, COUNT(*) AS value FROM LAST(events, '7 days') GROUP BY user_id
