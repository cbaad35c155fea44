"""Memory: what a scope keeps of what it is offered."""
