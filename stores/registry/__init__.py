"""The registry of tags in MySQL's `tagging` database: `TagRegistry` reads and writes, `schema.migrate` makes the tables."""
