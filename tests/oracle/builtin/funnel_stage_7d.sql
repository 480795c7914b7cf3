SELECT user_id, ['catalog', 'product', 'cart', 'payment', 'paid'][max(stage)] AS value
FROM last_events(10080, 60)
INNER JOIN (
  VALUES ('catalog', 1), ('product1', 2), ('product2', 2), ('cart', 3), ('delivery_choice', 3), ('delivery_courier', 3),
    ('delivery_pickup', 3), ('payment_choice', 4), ('payment_card', 4), ('payment_cash', 4), ('payment_done', 5)
) AS stages (event_type, stage) USING (event_type)
GROUP BY user_id
