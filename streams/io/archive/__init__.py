"""The part of the log that was put away: sealed segments in the object store, read as one log."""
