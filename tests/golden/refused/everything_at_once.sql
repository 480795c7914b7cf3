-- Many mistakes: all of them are told at once, in order of place.
SELECT
  usr_id,
  SUMM(amount) AS total,
  NOW() AS value,
  CAST(amount AS DOUBLE) AS share
FROM LAST(ordres, INTERVAL '30' DAY) AS o
JOIN products AS p ON p.product_id = o.product_id
WHERE p.categry = 'Shoes' AND p.price > '10'
LIMIT 10
