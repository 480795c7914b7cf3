-- Users of a crowd, of a base, and of the base outside the crowd, by value of each tag. Numbers of more than {bands} values
-- come in bands of about as many users of the base each; of texts the {most} values that are most frequent in the crowd.
WITH
    crowds AS
    (
        SELECT bucket, $crowd AS crowd, $base AS base
        FROM
        (
        $bitmaps
        )
    ),
    counted AS
    (
        SELECT
            tag, version, number, value,
            sum(bitmapAndCardinality(users, crowd)) AS crowd_users,
            sum(bitmapAndCardinality(users, base)) AS base_users,
            sum(bitmapCardinality(bitmapAndnot(bitmapAnd(users, base), crowd))) AS rest_users
        FROM tag_bitmaps
        INNER JOIN crowds USING (bucket)
        WHERE (tag, version) IN {tags:Array(Tuple(String, UInt32))}
          AND (tag, version, bucket, generation) IN
          (
              SELECT tag, version, bucket, max(generation)
              FROM bitmap_buckets
              WHERE generation <= {generation:UInt64}
              GROUP BY tag, version, bucket
          )
        GROUP BY tag, version, number, value
        HAVING crowd_users + base_users > 0
    ),
    placed AS
    (
        SELECT
            *,
            has({numeric:Array(String)}, tag) AS is_number,
            count() OVER (PARTITION BY tag) AS values,
            row_number() OVER (PARTITION BY tag ORDER BY number, value) AS place_by_number,
            row_number() OVER (PARTITION BY tag ORDER BY crowd_users DESC, base_users DESC, value) AS place_by_users,
            sum(base_users) OVER (PARTITION BY tag) AS base_total,
            sum(base_users) OVER (PARTITION BY tag ORDER BY number, value ROWS UNBOUNDED PRECEDING) - base_users AS base_below
        FROM counted
    )
SELECT
    tag,
    multiIf(
        NOT placed.is_number, placed.place_by_users,
        placed.values <= {bands:UInt8}, placed.place_by_number,
        toUInt64(floor({bands:UInt8} * placed.base_below / greatest(placed.base_total, 1)))
    ) AS place,
    any(placed.is_number) AS is_number,
    any(placed.value) AS value,
    min(placed.number) AS low,
    max(placed.number) AS high,
    sum(placed.crowd_users) AS crowd_users,
    sum(placed.base_users) AS base_users,
    sum(placed.rest_users) AS rest_users
FROM placed
WHERE placed.is_number OR placed.place_by_users <= {most:UInt16}
GROUP BY tag, place
ORDER BY tag, place
