INSERT INTO saved_queries (id, title, text, shared, owner, revision, created_at, updated_at) VALUES (%(id)s, %(title)s, %(text)s, %(shared)s, %(owner)s, 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))
