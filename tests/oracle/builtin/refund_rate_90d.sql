SELECT user_id, CAST(quotient(CAST(sum(CAST(status = 'refunded' AS INT)) AS DECIMAL(12, 2)), CAST(count(*) AS DECIMAL(12, 2)), 4) AS DECIMAL(18, 0)) * 0.0001 AS value
FROM last_orders(129600, 60)
WHERE status <> 'cancelled'
GROUP BY user_id
HAVING count(*) > 1
