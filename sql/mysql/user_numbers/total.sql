SELECT next_no - 1 AS users FROM user_number_counter WHERE only_row = 1
