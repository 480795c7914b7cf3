-- All rows that name who is being erased. A mutation, not DELETE FROM: that would only hide the bytes.
ALTER TABLE identities DELETE WHERE user_id IN (SELECT user_id FROM erasing) OR canonical IN (SELECT user_id FROM erasing)
SETTINGS mutations_sync = 2
