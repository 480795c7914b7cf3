SELECT u.user_id, g.name AS value
FROM users AS u
INNER JOIN (
  VALUES ('silent', 1900, 1945), ('boomer', 1946, 1964), ('x', 1965, 1980), ('millennial', 1981, 1996), ('z', 1997, 2012),
    ('alpha', 2013, 9999)
) AS g (name, first, last) ON u.birth_year BETWEEN g.first AND g.last
