-- The deltas of watches that are no more.
DELETE FROM crowd_deltas WHERE NOT has({watches:Array(String)}, watch)
