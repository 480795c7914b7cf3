SELECT id, title, text, shared, owner, revision, created_at, updated_at FROM saved_queries WHERE id = %(id)s
