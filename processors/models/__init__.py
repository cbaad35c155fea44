"""Models: whoever answers an inference."""
