"""Registry: which capabilities the grid has."""
