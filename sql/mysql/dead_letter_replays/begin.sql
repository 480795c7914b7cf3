INSERT IGNORE INTO dead_letter_replays (topic, part, place, sha256, who, asked_at) VALUES (%(topic)s, %(part)s, %(place)s, %(sha256)s, %(who)s, UTC_TIMESTAMP(3))
