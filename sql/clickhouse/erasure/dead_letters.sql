-- Refused messages that name who is being erased: their user is nowhere but in their bytes.
ALTER TABLE dead_letters DELETE
WHERE (topic, partition, offset) IN
(
    SELECT topic, partition, offset
    FROM dead_letters CROSS JOIN erasing
    WHERE arrayExists(token -> position(payload, token) > 0 OR position(detail, token) > 0, tokens)
)
SETTINGS mutations_sync = 2
