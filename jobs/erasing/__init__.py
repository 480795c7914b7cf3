"""Erasing a user: each store in its own module, with one way in."""
