-- name: registration_cohort
-- title: Registration cohort
-- description: The month in which the user registered, such as 2026-01 (UTC).
-- type: string
-- dimension: basic
-- owner: crm

SELECT user_id, DATE_FORMAT(registered_at, 'yyyy-MM') AS value
FROM users
