SELECT user_id, COUNT(*) AS value FROM events__last_60m_1m GROUP BY user_id
