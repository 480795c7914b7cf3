-- referrals_total: BIGINT
SELECT
  `users`.`referred_by` AS `user_id`,
  CAST(COUNT(*) AS BIGINT) AS `value`
FROM `users` AS `users`
WHERE
  `users`.`referred_by` IS NOT NULL
GROUP BY
  `users`.`referred_by`;
