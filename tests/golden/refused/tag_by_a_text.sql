SELECT user_id, value FROM TAG('lifecycle')
