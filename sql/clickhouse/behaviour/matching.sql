-- Of the events those that a selector takes, with which ones do. An empty type stands for any.
SELECT
    user_id, place, day,
    arrayMap(
        selector -> (selector.1 = '' OR selector.1 = event_type)
            AND arrayAll(asked -> mapContains(properties, asked.1) AND has(asked.2, properties[asked.1]), selector.2),
        {selectors:Array(Tuple(String, Array(Tuple(String, Array(String)))))}
    ) AS matches
FROM
(
$events
)
WHERE has(matches, 1)
