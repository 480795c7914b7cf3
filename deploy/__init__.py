"""Ways to run Tagstream: the local stack, the demo's input."""
