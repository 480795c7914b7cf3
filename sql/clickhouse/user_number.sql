-- One user's number; no row for a user without one.
SELECT user_no FROM users_by_id FINAL WHERE user_id = {user_id:String}
