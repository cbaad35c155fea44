"""What others do with a series: the Gaussian tail over a sliding window, plain and by its peaks.

NAB's windowed Gaussian has a window of 1,000 points, tuned there on all of its files.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator

WINDOW = 1000
QUIET_POINTS = 200
FLAT = 1e-6


def windowed(values: Iterable[float]) -> Iterator[float]:
    """Yield how unlikely each value is, from 0 to 1, given the thousand before it."""
    window: deque[float] = deque()
    first, total, squares = math.nan, 0.0, 0.0
    for value in values:
        if math.isnan(value):
            yield 0.0
            continue
        first = value if math.isnan(first) else first
        shifted = value - first
        if window:
            mean = total / len(window)
            spread = math.sqrt(max(0.0, squares / len(window) - mean * mean)) or FLAT
            yield 1 - 0.5 * math.erfc(abs(shifted - mean) / spread / math.sqrt(2))
        else:
            yield 0.0
        window.append(shifted)
        total, squares = total + shifted, squares + shifted * shifted
        if len(window) > WINDOW:
            gone = window.popleft()
            total, squares = total - gone, squares - gone * gone


def peaks(scores: Iterable[float], quiet: int = QUIET_POINTS) -> Iterator[float]:
    """Yield scores, and 0 in place of those that are not above all of the last `quiet` ones."""
    peak, since = 0.0, 0
    for score in scores:
        since += 1
        if score > (peak if since <= quiet else 0.0):
            peak, since = score, 0
            yield score
        else:
            yield 0.0
