SELECT user_id, STDDEV_POP(amount) AS value FROM orders GROUP BY user_id
