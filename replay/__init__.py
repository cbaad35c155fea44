"""History as a thing to run again. Nothing here writes to a live topic or calls out."""
