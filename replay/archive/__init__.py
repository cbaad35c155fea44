"""Puts the log away in sealed segments, proves that they are whole, and only then trims it."""
