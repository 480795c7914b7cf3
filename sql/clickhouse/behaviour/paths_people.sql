-- Each user's paths: of every session that has the anchor the event types from there on, or, backwards, up to there.
SELECT
    user_id,
    arrayFilter(path -> notEmpty(path), arrayMap(
        types -> if(has(types, {anchor:String}), arraySlice(types, indexOf(types, {anchor:String}), {steps:UInt8} + 1), []),
        arrayMap(
            session -> if({before:UInt8}, arrayReverse(session), session),
            arrayMap(
                session -> if({joined:UInt8}, arrayCompact(session), session),
                arrayMap(session -> arrayMap(event -> toString(event.2), session), sessions)
            )
        )
    )) AS paths
FROM
(
$sessions_of
)
WHERE notEmpty(paths)
