-- Sessions and users from a node of one level to a node of the next, or to the path's end. Of each level the most frequent nodes
-- keep their names. Every node but the first has one before it: so its size is also the sum of what leads to it.
WITH
    links AS
    (
        SELECT
            level, path[level] AS node, length(path) = level AS ended, if(ended, '', path[level + 1]) AS next,
            count() AS sessions, uniqExactState(user_id) AS users
        FROM
        (
            SELECT user_id, path, arrayJoin(arrayEnumerate(path)) AS level
            FROM
            (
                SELECT user_id, arrayJoin(paths) AS path
                FROM
                (
                $people
                )
            )
        )
        WHERE level <= {steps:UInt8}
        GROUP BY level, node, ended, next
    ),
    sized AS
    (
        SELECT
            *,
            sum(sessions) OVER (PARTITION BY level, node) AS node_size,
            sum(sessions) OVER (PARTITION BY level, ended, next) AS next_size
        FROM links
    ),
    placed AS
    (
        SELECT
            *,
            dense_rank() OVER (PARTITION BY level ORDER BY node_size DESC, node) > {nodes:UInt8} AS node_rest,
            NOT ended
                AND dense_rank() OVER (PARTITION BY level, ended ORDER BY next_size DESC, next) > {nodes:UInt8} AS next_rest
        FROM sized
    )
SELECT
    level,
    placed.node_rest AS node_other, if(placed.node_rest, '', placed.node) AS node,
    ended,
    placed.next_rest AS next_other, if(placed.next_rest, '', placed.next) AS next,
    sum(placed.sessions) AS sessions, uniqExactMerge(placed.users) AS users
FROM placed
GROUP BY level, node_other, node, ended, next_other, next
ORDER BY level, node_other, node, ended, next_other, next
-- Users are folded one after the other as the table has them, not all at once: that takes about half the time.
SETTINGS max_execution_time = 20, optimize_aggregation_in_order = 1
