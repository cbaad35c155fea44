"""Rounds: every system once a round, in turn, so that a noisy minute hits all of them alike.

What is reported is each figure's median over the rounds.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence

from benchmarks._report import say

Row = Mapping[str, float]


def interleaved(
    systems: Sequence[str], rounds: int, measure: Callable[[str, int], Row]
) -> dict[str, dict[str, float | None]]:
    """Measure every system `rounds` times; every round begins with another one."""
    rows: dict[str, list[Row]] = {system: [] for system in systems}
    for turn in range(rounds):
        at = turn % len(systems)
        for system in (*systems[at:], *systems[:at]):
            rows[system].append(row := measure(system, turn))
            told = ", ".join(f"{name} {value:,.4g}" for name, value in row.items())
            say(f"round {turn + 1} of {rounds}, {system}: {told}")
    return {system: dict(medians(found)) for system, found in rows.items()}


def medians(rows: Sequence[Row]) -> Row:
    """Return the median of every figure."""
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def against(figures: Mapping[str, dict[str, float | None]], other: str, name: str) -> float:
    """Return how many times ours is `other`'s."""
    ours, theirs = figures["aether"][name], figures[other][name]
    assert ours is not None
    assert theirs
    return ours / theirs
