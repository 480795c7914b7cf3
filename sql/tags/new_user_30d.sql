-- name: new_user_30d
-- title: New user
-- description: The user registered in the last 30 days. Nobody has the tag with false: it goes when the 30 days are over.
-- type: boolean
-- dimension: basic
-- owner: crm

SELECT user_id, TRUE AS value
FROM LAST(users, INTERVAL '30' DAY)
