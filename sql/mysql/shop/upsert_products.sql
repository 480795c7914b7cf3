INSERT INTO products (
  product_id, title, category, brand, price, updated_at
) VALUES (
  %(product_id)s, %(title)s, %(category)s, %(brand)s, %(price)s, %(updated_at)s
) ON DUPLICATE KEY UPDATE
  title = VALUES(title),
  category = VALUES(category),
  brand = VALUES(brand),
  price = VALUES(price),
  updated_at = VALUES(updated_at)
