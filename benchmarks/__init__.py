"""Benchmarks: the product beside others, in one run, on the same engines and the same data."""
