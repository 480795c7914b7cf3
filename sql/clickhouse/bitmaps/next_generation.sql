-- A number that no generation has had, published or begun.
SELECT 1 + greatest((SELECT max(generation) FROM tag_bitmaps), (SELECT max(generation) FROM bitmap_buckets)) AS generation
