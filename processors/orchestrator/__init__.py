"""Orchestrator: how a run is answered, from request to response."""
