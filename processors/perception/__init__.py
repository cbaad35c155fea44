"""Perception: texts become vectors, once."""
