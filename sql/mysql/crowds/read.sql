SELECT name, title, rule, fingerprint, revision, created_at, updated_at FROM crowds ORDER BY name
