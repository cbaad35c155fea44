"""The systems that do one job side by side, each a program of its own."""
