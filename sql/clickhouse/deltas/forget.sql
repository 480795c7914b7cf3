-- Whom watches held that are no more.
DELETE FROM crowd_watch_members WHERE NOT has({watches:Array(String)}, watch)
