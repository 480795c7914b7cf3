-- Publish the bitmaps that make_bitmaps.sql made.
INSERT INTO bitmap_buckets (tag, version, bucket, generation, built_at)
SELECT DISTINCT tag, version, bucket, generation, now64(3) FROM tag_bitmaps
