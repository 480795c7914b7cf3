"""Prediction: what models are, how they are trained, what they say and how well. No I/O, no clock."""
