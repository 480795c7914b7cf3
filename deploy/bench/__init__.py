"""Measurements of the tag job: how many events a second, and how soon an event is seen in a profile."""
