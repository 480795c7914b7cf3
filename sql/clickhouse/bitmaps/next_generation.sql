-- A number that no generation has had, published or begun: the time (epoch milliseconds), or one more than the highest.
SELECT greatest(
    toUInt64({now_ms:Int64}),
    1 + (SELECT max(generation) FROM tag_bitmaps),
    1 + (SELECT max(generation) FROM bitmap_buckets)
) AS generation
