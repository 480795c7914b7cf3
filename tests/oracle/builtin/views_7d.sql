SELECT user_id, count(*) AS value
FROM last_events(10080, 60)
WHERE event_type LIKE 'product_'
GROUP BY user_id
HAVING count(*) > 2
