-- Users with a path that has a node at a level; `followed` 1: and then the next node, 2: and then its end.
SELECT user_id
FROM
(
$people
)
WHERE arrayExists(
    path -> length(path) >= {level:UInt8}
        AND has({node_events:Array(String)}, path[{level:UInt8}]) != {node_other:UInt8}
        AND multiIf(
            {followed:UInt8} = 0, 1,
            {followed:UInt8} = 2, length(path) = {level:UInt8},
            length(path) > {level:UInt8}
                AND has({next_events:Array(String)}, path[{level:UInt8} + 1]) != {next_other:UInt8}
        ),
    paths
)
