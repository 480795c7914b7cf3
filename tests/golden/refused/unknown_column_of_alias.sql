SELECT e.user_id, MAX(p.colour) AS value
FROM events AS e
JOIN products AS p ON p.product_id = e.item_id
GROUP BY e.user_id
