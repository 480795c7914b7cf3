"""Models in MySQL: their definitions, versions, files and the snapshots of those that learn."""
