SELECT user_id, ['mild', 'warm', 'hot'][1 + CAST(n >= 3 AS INT) + CAST(n >= 10 AS INT)] AS value
FROM (
  SELECT user_id, count(*) AS n
  FROM last_events(60, 1)
  WHERE event_type = 'catalog' OR event_type = 'product1' OR event_type = 'product2' OR event_type = 'cart'
  GROUP BY user_id
)
