-- name: generation
-- title: Generation
-- description: The generation by year of birth. An age would have to change on New Year's Day with no event; this never does.
-- type: string
-- dimension: basic
-- owner: crm
-- sensitivity: personal

SELECT
  user_id,
  CASE
    WHEN birth_year >= 2013 THEN 'alpha'
    WHEN birth_year >= 1997 THEN 'z'
    WHEN birth_year >= 1981 THEN 'millennial'
    WHEN birth_year >= 1965 THEN 'x'
    WHEN birth_year >= 1946 THEN 'boomer'
    WHEN birth_year >= 1900 THEN 'silent'
  END AS value
FROM users
