UPDATE user_number_counter SET next_no = %(next_no)s WHERE only_row = 1
