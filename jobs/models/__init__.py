"""Jobs that train models, score users and learn from what then happened."""
