SELECT name, title, rule, fingerprint, owner, revision, created_at, updated_at FROM crowds ORDER BY name
