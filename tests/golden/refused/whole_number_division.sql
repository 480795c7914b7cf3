SELECT user_id, COUNT(coupon) / COUNT(*) AS value FROM orders GROUP BY user_id
