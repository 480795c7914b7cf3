-- The places of events that came before the view did, or whose writer was killed before the view took them.
INSERT INTO event_places (partition, offset)
SELECT partition, max(offset) AS offset FROM events GROUP BY partition
