SELECT DISTINCT user_id,
  CASE WHEN score < 0.2 THEN 'low' WHEN score < 0.5 THEN 'medium' ELSE 'high' END AS value
FROM scores
WHERE score_id LIKE 'buys!_in!_7!_days/%' ESCAPE '!'
