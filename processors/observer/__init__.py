"""The observer: sees whether the grid keeps up, and says when that changes."""
