"""Our own doors under `/api`: events in, events and runs out, and what there is."""
