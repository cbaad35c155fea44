"""What is unusual in the grid: detectors over series of numbers, and what is done about it."""
