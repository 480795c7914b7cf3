SELECT u.referred_by AS user_id, count(*) AS value
FROM users AS u
GROUP BY u.referred_by
