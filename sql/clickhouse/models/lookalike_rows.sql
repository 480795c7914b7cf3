-- What the features are now, for samples of a crowd's users and of all others: one row a user, also one without any feature.
-- A user is in a sample by a hash of the number, so that the same ones are whenever it is asked.
WITH
    crowds AS
    (
        SELECT $crowd AS seeds, $others AS others
        FROM
        (
        $bitmaps
        )
    ),
    picked AS
    (
        SELECT user_no, is_seed
        FROM
        (
            SELECT arrayJoin(bitmapToArray(seeds)) AS user_no, true AS is_seed FROM crowds
            UNION ALL
            SELECT arrayJoin(bitmapToArray(others)) AS user_no, false AS is_seed FROM crowds
        )
        WHERE sipHash64(user_no) <= if(is_seed, {seeds_up_to:UInt64}, {others_up_to:UInt64})
    )
SELECT named.user_id AS user_id, picked.is_seed AS is_seed, held.features AS features
FROM picked
INNER JOIN
(
    SELECT user_no, user_id FROM users FINAL WHERE user_no IN (SELECT user_no FROM picked)
) AS named ON named.user_no = picked.user_no
LEFT JOIN
(
    SELECT user_no, groupArray((tag, value)) AS features
    FROM
    (
        SELECT tag, user_no, value, present
        FROM tag_values FINAL
        WHERE tag IN {tags:Array(String)}
          AND has(arrayZip({tags:Array(String)}, {versions:Array(UInt32)}), (tag, version))
          AND user_no IN (SELECT user_no FROM picked)
    )
    WHERE present
    GROUP BY user_no
) AS held ON held.user_no = picked.user_no
ORDER BY picked.user_no
