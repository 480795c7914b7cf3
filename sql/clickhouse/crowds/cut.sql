-- How far the events reach that belong to a generation: none before the first that knows of events.
SELECT argMax(places, generation) AS places
FROM bitmap_buckets
WHERE tag = '' AND version = 0 AND generation <= {generation:UInt64}
