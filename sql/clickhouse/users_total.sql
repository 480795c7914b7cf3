-- How many users have a number.
SELECT count() AS users FROM users FINAL
