"""The demo's input: a seeded shop, a replayed clickstream, and the command that brings everything up."""
