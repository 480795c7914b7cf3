-- A watch's sequence has no gaps: the deltas stay, and are nobody's.
ALTER TABLE crowd_deltas UPDATE user_no = 0
WHERE user_no != 0 AND user_no IN (SELECT user_no FROM erasing)
SETTINGS mutations_sync = 2
