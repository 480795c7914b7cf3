-- name: referrals_total
-- title: Friends brought
-- description: How many users signed up on this user's invitation.
-- type: integer
-- dimension: social
-- owner: crm

SELECT referred_by AS user_id, COUNT(*) AS value
FROM users
WHERE referred_by IS NOT NULL
GROUP BY referred_by
