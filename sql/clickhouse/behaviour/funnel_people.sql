-- The times of the steps of each user's attempt that counts. Events are folded from the last to the first: a chain holds the
-- earliest times that follow of a step and all after it, so that each event of the first step finds its attempt at hand. Not
-- windowFunnel: what that does with events of the same time is not what is said here.
SELECT
    user_id,
    arrayFold(
        (state, event) ->
        (
            arrayMap(
                (chain, after, matched) -> if(matched, arrayPushFront(after, event.1), chain),
                state.1, arrayPushBack(arrayPopFront(state.1), CAST([], 'Array(Int64)')), event.2
            ),
            if(
                event.2[1] AND event.1 < {until_ms:Int64}
                    AND length(arrayFilter(at -> at - event.1 <= {window_ms:Int64}, state.1[2])) + 1 >= length(state.2),
                arrayPushFront(arrayFilter(at -> at - event.1 <= {window_ms:Int64}, state.1[2]), event.1),
                state.2
            )
        ),
        arrayMap(event -> (event.1.1, event.2), arrayReverseSort(event -> event.1, groupArray((place, matches)))),
        (
            arrayMap(selector -> CAST([], 'Array(Int64)'), {selectors:Array(Tuple(String, Array(Tuple(String, Array(String)))))}),
            CAST([], 'Array(Int64)')
        )
    ).2 AS attempt
FROM
(
$matching
)
GROUP BY user_id
HAVING notEmpty(attempt)
