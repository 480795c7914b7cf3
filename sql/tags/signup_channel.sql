-- name: signup_channel
-- title: Sign-up channel
-- description: How the user came to the shop.
-- type: string
-- dimension: basic
-- owner: crm

SELECT user_id, signup_channel AS value
FROM users
