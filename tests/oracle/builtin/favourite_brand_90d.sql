SELECT user_id, brand AS value
FROM (
  SELECT DISTINCT ON (user_id) user_id, brand
  FROM (
    SELECT o.user_id, p.brand, sum(o.quantity) AS pieces, sum(o.amount) AS amount
    FROM last_orders(129600, 60) AS o, products AS p
    WHERE o.product_id = p.product_id AND o.status IN ('paid', 'shipped', 'delivered') AND p.brand IS NOT NULL
    GROUP BY ALL
  )
  ORDER BY user_id, pieces DESC, amount DESC, brand ASC
)
