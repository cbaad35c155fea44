"""Lag that can be trusted: what the samples of a consumer group mean, without input or output."""
