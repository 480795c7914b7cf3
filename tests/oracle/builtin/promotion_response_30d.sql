SELECT
  user_id,
  CASE
    WHEN (SELECT count(*) FROM last_orders(43200, 60) AS o WHERE o.user_id = c.user_id AND coupon = 'SPRING10' AND status <> 'cancelled') > 2
      THEN 'hunter'
    WHEN (SELECT count(*) FROM last_orders(43200, 60) AS o WHERE o.user_id = c.user_id AND coupon = 'SPRING10' AND status <> 'cancelled') > 0
      THEN 'user'
    WHEN count(*) > 2 THEN 'hesitant'
    ELSE 'clicker'
  END AS value
FROM last_events(43200, 60) AS c
WHERE event_type = 'coupon_click'
GROUP BY user_id
