-- name: likely_to_buy
-- title: Likely to buy
-- description: How likely the user pays within 7 days, by the model buys_in_7_days: high from 50 %, medium from 20 %.
-- type: string
-- dimension: purchasing_power
-- owner: sales

-- A model has one score a user: the newest.
SELECT
  user_id,
  CASE
    WHEN MAX(score) >= 0.5 THEN 'high'
    WHEN MAX(score) >= 0.2 THEN 'medium'
    ELSE 'low'
  END AS value
FROM scores
WHERE model = 'buys_in_7_days'
GROUP BY user_id
