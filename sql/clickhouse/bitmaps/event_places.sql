-- How far the stored events reach.
SELECT partition, max(offset) AS offset FROM event_places GROUP BY partition
