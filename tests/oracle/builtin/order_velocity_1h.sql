SELECT user_id, true AS value
FROM last_orders(60, 1)
GROUP BY user_id
HAVING count(*) > 3
