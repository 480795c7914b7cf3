-- By what those rows are found. After the rows: without this nobody would find them.
ALTER TABLE row_lookups DELETE
WHERE (source, key) IN
    (
        SELECT source, key
        FROM row_lookups
        WHERE (source, column) IN {columns:Array(Tuple(String, String))} AND value IN (SELECT user_id FROM erasing)
    )
   OR has({keyed:Array(String)}, source) AND key IN (SELECT user_id FROM erasing)
SETTINGS mutations_sync = 2
