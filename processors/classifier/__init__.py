"""Classifier: which label a vector belongs to, how sure that is, and how both are learned."""
