SELECT product_id, title, category, brand, price, updated_at
FROM products
ORDER BY product_id
