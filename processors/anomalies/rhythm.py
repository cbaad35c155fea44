"""Whether something that counts is silent for longer than it ever was.

Silence is measured in samples without any event; how long it may last is learned, by records as
everything else: the first quiet night surprises, the second does not.
"""

from dataclasses import dataclass

from processors.anomalies.records import Extremes, surprise

#: A rhythm is known after so many samples with events.
KNOWN_AFTER = 50
#: A silence counts from so many samples on, and if it is so many times the longest before.
SHORTEST, TIMES = 3, 2


NEVER = Extremes(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How many samples had events, how long the silence lasts, and how long others lasted."""

    heard: int = 0
    quiet: int = 0
    longest: Extremes = NEVER


def listen(known: Rhythm, count: float, seen: int) -> Rhythm:
    """Return the rhythm after another sample, the `seen`-th."""
    if not count > 0:
        return Rhythm(known.heard, known.quiet + 1, known.longest)
    _, longest = surprise(known.longest, float(known.quiet), seen)
    return Rhythm(known.heard + 1, 0, longest)


def silence(known: Rhythm, seen: int) -> float:
    """Return how surprising it is that nothing was heard for so long."""
    allowed = max(SHORTEST, TIMES * known.longest.high)
    if known.heard < KNOWN_AFTER or known.quiet < allowed:
        return 0.0
    return surprise(known.longest, float(known.quiet), seen)[0]
