"""The vocabulary every other floor speaks: ids, events, envelopes, deciders, topics, errors.

Standard library only; no clock, no chance, no input or output.
"""
