SELECT topic, part, place, sha256, who, asked_at, sent_part, sent_place FROM dead_letter_replays WHERE topic = %(topic)s AND part = %(part)s AND place = %(place)s
