UPDATE saved_queries SET title = %(title)s, text = %(text)s, shared = %(shared)s, revision = revision + 1, updated_at = UTC_TIMESTAMP(3) WHERE id = %(id)s
