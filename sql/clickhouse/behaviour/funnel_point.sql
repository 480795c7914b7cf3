-- Users who reached a step, or whose attempt ended there.
SELECT user_id
FROM
(
$people
)
WHERE if({lost:UInt8}, length(attempt) = {step:UInt8}, length(attempt) >= {step:UInt8})
