-- Each user's sessions: the day on which it began, its events, and its length in ms.
SELECT
    user_id,
    arrayMap(session -> (session[1].3, length(session), session[-1].1.1 - session[1].1.1), sessions) AS sessions
FROM
(
$sessions_of
)
