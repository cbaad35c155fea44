"""What the grid does: deciders choose events, effects touch the world, links join topics."""
