"""How surprising it is that a statistic goes where it has never been.

A record is judged by how far it goes beyond the widest range so far, measured in that range, and
by how many earlier records went as far: the first in many points surprises, the tenth does not.
Nothing is assumed of how the values are distributed, only that extremes become rarer with time.
"""

from dataclasses import dataclass
from math import frexp, log

#: Binary orders of magnitude of a record's excess, from 2^-FINEST on.
FINEST, BINS = 6, 46
#: A hair's breadth beyond, in ranges, widens the range but is no record.
LEAST = 0.02
#: A range of less than this, of its ends, is no range: rounding makes more.
NARROW = 1e-9


@dataclass(frozen=True, slots=True)
class Extremes:
    """The lowest and highest so far, and earlier records by how far they went."""

    low: float
    high: float
    records: tuple[int, ...] = (0,) * BINS


def surprise(extremes: Extremes, value: float, seen: int) -> tuple[float, Extremes]:
    """Return minus the log of how often such a record was to be expected, and what is known now.

    Within the range or hardly beyond it is 0; `seen` is how many points there were.
    """
    low, high = extremes.low, extremes.high
    if low <= value <= high:
        return 0.0, extremes
    width = high - low + NARROW * (abs(high) + abs(low)) + NARROW * NARROW
    excess = (value - high if value > high else low - value) / width
    if excess < LEAST:
        return 0.0, Extremes(min(low, value), max(high, value), extremes.records)
    place = min(BINS - 1, max(0, frexp(excess)[1] + FINEST))
    counts = extremes.records
    earlier = sum(counts[place:])
    if low < high:  # how far it went beyond a single value, no later record can be compared with
        counts = (*counts[:place], counts[place] + 1, *counts[place + 1 :])
    known = Extremes(min(low, value), max(high, value), counts)
    return max(0.0, log((seen + 1) / (earlier + 1))), known


def relaxed(extremes: Extremes, share: float) -> Extremes:
    """Return extremes that forget: a narrower range and fewer records, by the same share."""
    room = (extremes.high - extremes.low) * share / 2
    kept = tuple([int(count * (1 - share)) for count in extremes.records])
    return Extremes(extremes.low + room, extremes.high - room, kept)
