"""Tagstream's workflow for DolphinScheduler: one definition, as importable JSON and through its Python SDK."""
