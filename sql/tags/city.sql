-- name: city
-- title: City
-- description: The city in which the user lives, as the shop knows it.
-- type: string
-- dimension: basic
-- owner: crm
-- sensitivity: personal

SELECT user_id, city AS value
FROM users
WHERE city <> ''
