"""Router: which capability owns a request."""
