UPDATE dead_letter_replays SET sent_part = %(sent_part)s, sent_place = %(sent_place)s WHERE topic = %(topic)s AND part = %(part)s AND place = %(place)s
