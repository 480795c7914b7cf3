SELECT user_id, CAST(quotient(sum(amount), CAST(count(amount) AS DECIMAL(12, 2)), 4) AS DECIMAL(18, 0)) * 0.0001 AS value
FROM last_orders(129600, 60)
WHERE status = 'paid' OR status = 'shipped' OR status = 'delivered'
GROUP BY user_id
HAVING count(amount) > 0
