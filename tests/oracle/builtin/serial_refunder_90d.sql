SELECT user_id, true AS value
FROM last_orders(129600, 60)
GROUP BY user_id
HAVING count_if(status = 'refunded') > 2 AND 2 * count_if(status = 'refunded') > count(*)
