-- name: customer_segment
-- title: Customer segment
-- description: Life cycle and spend tier in one word: who is a champion, who is at risk of leaving, who is lost.
-- type: string
-- dimension: purchasing_power
-- owner: crm
-- reads: lifecycle v1 string, spend_tier_30d v1 string

SELECT
  lifecycle.user_id,
  CASE
    WHEN lifecycle.value = 'active' AND spend.value IN ('gold', 'platinum') THEN 'champion'
    WHEN lifecycle.value = 'active' AND spend.value IS NOT NULL THEN 'customer'
    WHEN lifecycle.value = 'active' THEN 'visitor'
    WHEN spend.value IN ('gold', 'platinum') THEN 'at_risk'
    WHEN lifecycle.value = 'cooling' OR spend.value IS NOT NULL THEN 'cooling'
    ELSE 'lost'
  END AS value
FROM TAG(lifecycle)
LEFT JOIN TAG(spend_tier_30d) AS spend ON spend.user_id = lifecycle.user_id
