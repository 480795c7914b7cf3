"""Users, API keys, sessions and the audit log in MySQL's `tagging` database; tables by the registry's migrations."""
