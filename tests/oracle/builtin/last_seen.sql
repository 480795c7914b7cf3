SELECT user_id, CASE
    WHEN user_id IN (SELECT user_id FROM last_events(10080, 60)) THEN 'within_7_days'
    WHEN user_id IN (SELECT user_id FROM last_events(43200, 60)) THEN 'within_30_days'
    ELSE 'within_90_days' END AS value
FROM (SELECT DISTINCT user_id FROM last_events(129600, 60)
      UNION SELECT user_id FROM last_events(10080, 60) UNION SELECT user_id FROM last_events(43200, 60))
