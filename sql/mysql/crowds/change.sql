UPDATE crowds SET title = %(title)s, rule = %(rule)s, fingerprint = %(fingerprint)s, revision = revision + 1 WHERE name = %(name)s
