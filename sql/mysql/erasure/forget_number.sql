-- The counter goes on: nobody gets the number again.
DELETE FROM user_numbers WHERE user_id = %(user_id)s
