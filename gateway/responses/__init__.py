"""OpenAI's Responses API: a response is a run, and its store is the log."""
