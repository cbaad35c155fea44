"""When a partition had which end: tells the age of a record that nobody read.

A ring is short and remembers long: when it is full, the points go whose absence moves the curve
least. It is searched from the newest point, or an idle hour would show as an hour of lag.
"""

from dataclasses import dataclass

RING_MAX, THINNED = 64, 48
#: These newest points are never given up.
FRESH = 16


@dataclass(frozen=True, slots=True)
class Point:
    """The partition's end was seen to be `end` from one time to another."""

    end: int
    since_ms: int
    until_ms: int


Ring = tuple[Point, ...]


def seen(ring: Ring, end: int, at_ms: int) -> Ring:
    """Return the ring with what was seen last; an end that went back starts a new one."""
    if not ring or end < ring[-1].end:
        return (Point(end, at_ms, at_ms),)
    if end == ring[-1].end:
        return (*ring[:-1], Point(end, ring[-1].since_ms, at_ms))
    grown = (*ring, Point(end, at_ms, at_ms))
    return grown if len(grown) <= RING_MAX else _thinned(grown)


def appended_ms(ring: Ring, offset: int) -> float | None:
    """Return about when the record at `offset` was appended; None if the ring cannot tell.

    Older than the ring is told from the pace at which the ring grew.
    """
    if len(ring) < 2 or offset >= ring[-1].end:
        return None
    for before, after in zip(ring[-2::-1], ring[:0:-1], strict=True):
        if before.end <= offset:
            return _between(before, after, offset)
    first, last = ring[0], ring[-1]
    pace = (last.since_ms - first.until_ms) / (last.end - first.end)
    return first.since_ms - (first.end - offset) * pace


def end_at(ring: Ring, at_ms: int) -> int | None:
    """Return about where the partition ended at a time within the ring's last two points."""
    if not ring or at_ms >= ring[-1].since_ms:
        return ring[-1].end if ring else None
    if len(ring) < 2:
        return None
    before, after = ring[-2:]
    if at_ms <= before.until_ms:
        return before.end
    share = (at_ms - before.until_ms) / (after.since_ms - before.until_ms)
    return before.end + int(share * (after.end - before.end))


def _between(before: Point, after: Point, offset: int) -> float:
    share = (offset - before.end) / (after.end - before.end)
    return before.until_ms + share * (after.since_ms - before.until_ms)


def _thinned(ring: Ring) -> Ring:
    """Give up the points that their neighbours tell of best; never the ends, nor a long pause."""
    old = range(1, len(ring) - FRESH)
    worth = sorted(old, key=lambda at: (_told(ring, at), at))
    gone = set(worth[: len(ring) - THINNED])
    return tuple(point for at, point in enumerate(ring) if at not in gone)


def _told(ring: Ring, at: int) -> float:
    """Return by how many milliseconds the curve would be off without a point."""
    point = ring[at]
    guessed = _between(ring[at - 1], ring[at + 1], point.end)
    return max(abs(guessed - point.since_ms), abs(guessed - point.until_ms))
