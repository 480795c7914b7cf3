INSERT INTO orders (
  order_id, user_id, product_id, quantity, amount, discount, coupon, status, shipping_address, ordered_at,
  updated_at
) VALUES (
  %(order_id)s, %(user_id)s, %(product_id)s, %(quantity)s, %(amount)s, %(discount)s, %(coupon)s, %(status)s,
  %(shipping_address)s, %(ordered_at)s, %(updated_at)s
) ON DUPLICATE KEY UPDATE
  user_id = VALUES(user_id),
  product_id = VALUES(product_id),
  quantity = VALUES(quantity),
  amount = VALUES(amount),
  discount = VALUES(discount),
  coupon = VALUES(coupon),
  status = VALUES(status),
  shipping_address = VALUES(shipping_address),
  ordered_at = VALUES(ordered_at),
  updated_at = VALUES(updated_at)
