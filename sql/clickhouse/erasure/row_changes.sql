-- All changes of rows that ever named who is being erased.
ALTER TABLE row_changes DELETE
WHERE (source, key) IN
    (
        SELECT source, key
        FROM row_lookups
        WHERE (source, column) IN {columns:Array(Tuple(String, String))} AND value IN (SELECT user_id FROM erasing)
    )
   OR has({keyed:Array(String)}, source) AND key IN (SELECT user_id FROM erasing)
SETTINGS mutations_sync = 2
