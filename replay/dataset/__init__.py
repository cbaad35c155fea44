"""Makes training data of recorded runs; every row names the events it came from."""
