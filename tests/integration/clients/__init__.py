"""Clients of five languages on a real grid."""
