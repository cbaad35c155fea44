"""Tuner: what the router learns from, and which weights are in force."""
