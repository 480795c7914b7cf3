SELECT user_id, t.name AS value
FROM (
  SELECT user_id, sum(amount) AS spent
  FROM last_orders(43200, 60)
  WHERE status IN ('paid', 'shipped', 'delivered')
  GROUP BY user_id
) AS s
INNER JOIN (VALUES ('platinum', 1000, NULL), ('gold', 300, 1000), ('silver', 100, 300), ('bronze', 0.01, 100)) AS t (name, low, high)
  ON s.spent >= t.low AND (t.high IS NULL OR s.spent < t.high)
