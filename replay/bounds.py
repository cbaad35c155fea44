"""A mean reward of which some is unknown: between which bounds it lies, and how sure that is.

A run of which nobody knows the reward counts as 0 at worst and as 1 at best (Manski 1990). The
interval is Hoeffding's (1963, theorem 1): it holds the mean of more runs of the same kind at least
95 times in 100, however few runs there are, and is the wider for that.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

#: Each side of an interval may be wrong in 2.5 % of all cases.
_EVIDENCE = math.log(2 / 0.05)
_HALVINGS = 50


class Bounds(NamedTuple):
    """A mean reward over `runs`, of which so many are `known`; the interval holds both bounds."""

    runs: int
    known: int
    worst: float
    best: float
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The mean itself, if the reward of every run is known."""
        return self.worst if self.known == self.runs else None


def bounds(rewards: Sequence[float | None]) -> Bounds:
    """Return the bounds of a mean of rewards from 0 to 1, at least one; None is not known."""
    runs, known = len(rewards), [reward for reward in rewards if reward is not None]
    worst = math.fsum(known) / runs
    best = (math.fsum(known) + runs - len(known)) / runs
    low, high = certain(worst, runs)[0], certain(best, runs)[1]
    return Bounds(runs, len(known), worst, best, low, high)


def certain(mean: float, runs: float) -> tuple[float, float]:
    """Return Hoeffding's interval around the mean of so many rewards from 0 to 1."""
    return _edge(mean, 0.0, runs), _edge(mean, 1.0, runs)


def _edge(mean: float, end: float, runs: float) -> float:
    """Return how far towards an end the true mean may lie, found by halving."""
    near, far = mean, end
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        if runs * _divergence(mean, middle) <= _EVIDENCE:
            near = middle
        else:
            far = middle
    return far


def _divergence(seen: float, true: float) -> float:
    """Return the relative entropy of two coins."""
    parts = ((seen, true), (1 - seen, 1 - true))
    return math.fsum(a * math.log(a / b) if b else math.inf for a, b in parts if a)
