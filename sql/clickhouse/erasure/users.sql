-- All rows of who is being erased. A mutation, not DELETE FROM: that would only hide the bytes.
ALTER TABLE users DELETE WHERE user_id IN (SELECT user_id FROM erasing) SETTINGS mutations_sync = 2
