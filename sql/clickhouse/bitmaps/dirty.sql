-- Buckets with a change that no published generation holds.
SELECT DISTINCT tag, version, bucket
FROM
(
    SELECT tag, version, bucket, partition, max(offset) AS offset
    FROM bitmap_places
    GROUP BY tag, version, bucket, partition
) AS come
LEFT ANY JOIN
(
    SELECT tag, version, bucket, argMax(places, generation) AS places, count() AS generations
    FROM bitmap_buckets
    GROUP BY tag, version, bucket
) AS built USING (tag, version, bucket)
WHERE built.generations = 0 OR NOT mapContains(built.places, come.partition) OR built.places[come.partition] < come.offset
ORDER BY bucket, tag, version
