SELECT MAX(order_id) FROM orders WHERE order_id REGEXP '^o[0-9]{8,}$'
