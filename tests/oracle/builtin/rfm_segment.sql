WITH bought AS (
  SELECT *, in_window(ordered_at, logged_at, 43200, 60) AS month, in_window(ordered_at, logged_at, 129600, 60) AS quarter
  FROM orders
  WHERE status IN ('paid', 'shipped', 'delivered')
),
customers AS (
  SELECT
    user_id, coalesce(bool_or(month), false) AS month, coalesce(bool_or(quarter), false) AS quarter,
    count_if(quarter) AS n, coalesce(sum(amount) FILTER (WHERE quarter), 0) AS spent
  FROM bought
  GROUP BY user_id
)
SELECT
  user_id,
  CASE
    WHEN month THEN CASE
      WHEN n >= 4 AND spent >= 500 THEN 'champion' WHEN n >= 3 THEN 'loyal' WHEN spent >= 500 THEN 'big_spender' ELSE 'recent'
    END
    WHEN quarter THEN CASE WHEN spent >= 500 THEN 'at_risk' ELSE 'cooling' END
    ELSE 'lost'
  END AS value
FROM customers
