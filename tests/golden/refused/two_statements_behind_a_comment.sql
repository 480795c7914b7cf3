SELECT user_id, city AS value FROM users -- the end; not
; DELETE FROM users
