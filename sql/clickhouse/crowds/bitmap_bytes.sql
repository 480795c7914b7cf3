-- What the bitmaps take on disk, for deploy/bench/crowds.py.
SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE database = currentDatabase() AND table = 'tag_bitmaps' AND active
