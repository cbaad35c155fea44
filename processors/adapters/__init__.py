"""Ports of the processors on real things; foreign errors end here."""
