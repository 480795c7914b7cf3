-- How many users a crowd has.
SELECT sum(bitmapCardinality(bitmapAndnot(bitmapAnd(bitmapAnd(operand_0, operand_1), bitmapOr(bitmapOr(operand_2, operand_3), bitmapAndnot(operand_4, operand_5))), operand_0))) AS users
FROM
(
-- One row a bucket, one bitmap an operand, all of the newest generation up to the one asked for. The operands are made by
-- tagging/crowd_query.py of numbered parameters alone.
SELECT
    bucket,
    groupBitmapMergeStateIf(users, tag = {tag_0:String} AND version = {version_0:UInt32} AND value IN {values_0:Array(String)}) AS operand_0,
    groupBitmapMergeStateIf(users, tag = {tag_1:String} AND version = {version_1:UInt32} AND number >= {low_1:Float64} AND number < {high_1:Float64}) AS operand_1,
    groupBitmapMergeStateIf(users, tag = {tag_2:String} AND version = {version_2:UInt32} AND number IN {numbers_2:Array(Float64)}) AS operand_2,
    groupBitmapMergeStateIf(users, tag = {tag_3:String} AND version = {version_3:UInt32}) AS operand_3,
    groupBitmapMergeStateIf(users, tag = {tag_4:String} AND version = {version_4:UInt32}) AS operand_4,
    groupBitmapMergeStateIf(users, tag = {tag_5:String} AND version = {version_5:UInt32} AND value IN {values_5:Array(String)}) AS operand_5
FROM
(
    SELECT tag, version, number, value, bucket, users
    FROM tag_bitmaps
    WHERE ((tag = {tag_0:String} AND version = {version_0:UInt32} AND value IN {values_0:Array(String)}) OR (tag = {tag_1:String} AND version = {version_1:UInt32} AND number >= {low_1:Float64} AND number < {high_1:Float64}) OR (tag = {tag_2:String} AND version = {version_2:UInt32} AND number IN {numbers_2:Array(Float64)}) OR (tag = {tag_3:String} AND version = {version_3:UInt32}) OR (tag = {tag_4:String} AND version = {version_4:UInt32}) OR (tag = {tag_5:String} AND version = {version_5:UInt32} AND value IN {values_5:Array(String)}))
      AND bucket >= {first_bucket:UInt16}
      AND (tag, version, bucket, generation) IN
      (
          SELECT tag, version, bucket, max(generation)
          FROM bitmap_buckets
          WHERE generation <= {generation:UInt64}
          GROUP BY tag, version, bucket
      )

)
GROUP BY bucket

)
