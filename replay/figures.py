"""The figures of a what-if: who answers, and what it takes; all from its rows.

Only runs that the record could answer to the end count where something is compared, and only those
that it could route where it is asked who answers.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from replay.diff import Side
from replay.prices import Prices, cost_of
from streams.ids import RunId


class Told(NamedTuple):
    """What people said of a run: a reward from 0 to 1, and who should have answered, if anyone."""

    reward: float | None
    label: str | None


class Row(NamedTuple):
    """One run under the change.

    `before` and `after` name who answered; `propensity` is that of the logged choice. `covered` is
    false where the record had no answer and a stand-in was left, `routed` where that was before it
    was decided who answers: `after` then says nothing.
    """

    run_id: RunId
    question: str
    before: str
    after: str
    propensity: float
    recorded: Side
    forked: Side
    covered: bool
    routed: bool
    told: Told

    @property
    def rerouted(self) -> bool:
        """Whether somebody else answers now."""
        return self.routed and self.before != self.after

    @property
    def differs(self) -> bool:
        """Whether the run comes to something else."""
        return self.recorded[:2] != self.forked[:2]


class Took(NamedTuple):
    """What some runs took together: tokens and money, and milliseconds of the median and slow."""

    tokens: int
    cost: float
    p50_ms: int
    p95_ms: int


@dataclass(slots=True)
class Report:
    """All runs together; runs that never came to the changed event are `passed_over`."""

    rows: list[Row] = field(default_factory=list)
    passed_over: int = 0
    prices: Prices = field(default_factory=dict)

    @property
    def covered(self) -> list[Row]:
        """The runs that the record could answer to the end."""
        return [row for row in self.rows if row.covered]

    @property
    def unrouted(self) -> int:
        """How many runs the record could not route: nobody knows who would answer them."""
        return sum(not row.routed for row in self.rows)

    @property
    def moves(self) -> Counter[tuple[str, str]]:
        """How many runs went from whom to whom."""
        return Counter((row.before, row.after) for row in self.rows if row.rerouted)

    @property
    def wins(self) -> int:
        """How many runs now go where they should have gone, and did not."""
        return sum(row.rerouted and row.after == row.told.label for row in self.rows)

    @property
    def losses(self) -> int:
        """How many runs went where they should, and now do not."""
        return sum(row.rerouted and row.before == row.told.label for row in self.rows)

    @property
    def recorded(self) -> Took:
        """What the covered runs took."""
        return self._took([row.recorded for row in self.covered])

    @property
    def forked(self) -> Took:
        """What the covered runs would have taken."""
        return self._took([row.forked for row in self.covered])

    def _took(self, sides: Sequence[Side]) -> Took:
        times = sorted(side.milliseconds for side in sides)
        return Took(
            sum(side.tokens for side in sides),
            sum(cost_of(side, self.prices) for side in sides),
            _reached(times, 50),
            _reached(times, 95),
        )


def put_together(rows: Iterable[Row | None], prices: Prices) -> Report:
    """Return the report of rows in any order; None is a run that was passed over."""
    report = Report(prices=prices)
    for row in rows:
        report.passed_over += row is None
        report.rows += [] if row is None else [row]
    report.rows.sort(key=lambda row: row.run_id)
    return report


def _reached(ordered: Sequence[int], percent: int) -> int:
    """Return what so many percent of all do not exceed: the nearest rank, in integers."""
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else 0
