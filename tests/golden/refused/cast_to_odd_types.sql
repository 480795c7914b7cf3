SELECT user_id, CAST(city AS ROW<a INT>) AS value FROM users WHERE CAST(city AS foo.bar) IS NULL AND CAST(city AS VARCHAR(10)) = 'x' AND CAST(city AS DECIMAL(99, 2)) > 0
