-- The batches of watches that are no more.
DELETE FROM crowd_batches WHERE NOT has({watches:Array(String)}, watch)
