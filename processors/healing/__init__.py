"""What the grid does about its own trouble, as far as its policy allows."""
