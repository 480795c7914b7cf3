SELECT user_id, COUNT(*) AS value FROM LAST(orders, quantity) GROUP BY user_id
