-- Merge every partition to one part, so that what replacing has replaced is gone; those that are one already are left alone.
OPTIMIZE TABLE {table:Identifier} FINAL SETTINGS optimize_skip_merged_partitions = 1
