SELECT next_no FROM user_number_counter WHERE only_row = 1 FOR UPDATE
