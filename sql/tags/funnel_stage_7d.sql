-- name: funnel_stage_7d
-- title: Funnel stage reached
-- description: The furthest step towards a purchase that the user reached in the last 7 days.
-- type: string
-- dimension: behaviour
-- owner: product

WITH stages AS (
  SELECT
    user_id,
    CASE
      WHEN event_type = 'payment_done' THEN 5
      WHEN event_type IN ('payment_choice', 'payment_card', 'payment_cash') THEN 4
      WHEN event_type IN ('cart', 'delivery_choice', 'delivery_courier', 'delivery_pickup') THEN 3
      WHEN event_type IN ('product1', 'product2') THEN 2
      WHEN event_type = 'catalog' THEN 1
    END AS stage
  FROM LAST(events, INTERVAL '7' DAY)
)
SELECT
  user_id,
  CASE MAX(stage)
    WHEN 5 THEN 'paid'
    WHEN 4 THEN 'payment'
    WHEN 3 THEN 'cart'
    WHEN 2 THEN 'product'
    WHEN 1 THEN 'catalog'
  END AS value
FROM stages
GROUP BY user_id
