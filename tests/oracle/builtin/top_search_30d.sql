SELECT user_id, mode_first AS value
FROM (
  SELECT DISTINCT ON (user_id) user_id, lower(trim(properties['query'])) AS mode_first, count(*) AS n
  FROM last_events(43200, 60)
  WHERE event_type = 'search' AND length(trim(properties['query'])) > 0
  GROUP BY ALL
  ORDER BY user_id, n DESC, mode_first
)
