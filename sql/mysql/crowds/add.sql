INSERT INTO crowds (name, title, rule, fingerprint, owner, revision) VALUES (%(name)s, %(title)s, %(rule)s, %(fingerprint)s, %(owner)s, 1)
