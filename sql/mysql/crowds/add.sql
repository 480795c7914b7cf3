INSERT INTO crowds (name, title, rule, fingerprint, revision) VALUES (%(name)s, %(title)s, %(rule)s, %(fingerprint)s, 1)
