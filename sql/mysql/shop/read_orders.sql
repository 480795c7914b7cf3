SELECT order_id, user_id, product_id, quantity, amount, discount, coupon, status, shipping_address, ordered_at, updated_at
FROM orders
WHERE status <> 'refunded' AND order_id REGEXP '^o[0-9]{8,}$'
ORDER BY order_id
