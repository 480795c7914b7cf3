WITH looks AS (
  SELECT user_id, category, count(*) AS n
  FROM last_events(43200, 60) AS e
  INNER JOIN products AS p ON e.item_id = p.product_id
  WHERE e.event_type LIKE 'product_' OR e.event_type = 'cart'
  GROUP BY ALL
)
SELECT user_id, list(category ORDER BY n DESC, category ASC NULLS FIRST)[1] AS value
FROM looks
GROUP BY user_id
HAVING max(n) >= 3
