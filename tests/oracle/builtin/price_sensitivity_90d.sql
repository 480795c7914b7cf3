SELECT user_id, CASE WHEN share >= 100000 THEN 'high' WHEN share >= 20000 THEN 'medium' ELSE 'low' END AS value
FROM (
  SELECT user_id, quotient(sum(discount), sum(amount + discount), 6) AS share
  FROM last_orders(129600, 60)
  WHERE status IN ('paid', 'shipped', 'delivered', 'refunded')
  GROUP BY user_id
  HAVING count(*) > 1 AND sum(amount + discount) > 0
)
