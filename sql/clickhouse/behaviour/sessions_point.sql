-- Users who began a session on a day (-1: on any).
SELECT user_id
FROM
(
$people
)
WHERE arrayExists(session -> {day:Int32} = -1 OR session.1 = {day:Int32}, sessions)
