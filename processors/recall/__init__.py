"""Recall: what the scopes of a request know about it."""
