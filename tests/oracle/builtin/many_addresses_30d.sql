SELECT user_id, len(list_distinct(list(lower(trim(shipping_address))))) AS value
FROM last_orders(43200, 60)
WHERE shipping_address IS NOT NULL
GROUP BY user_id
HAVING value >= 3
