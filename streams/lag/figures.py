"""What a person or a program is told of a group: seconds, rates, trend, verdict and its reason.

All of it follows from the group alone; no lag is 0 seconds, and what nobody knows is None.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from streams.events.lag import Phase, Status, Verdict
from streams.lag.groups import Group, Lags, badness, status_of
from streams.lag.ring import appended_ms
from streams.lag.window import Window

#: The worst verdict is the last.
_WORST = (
    Verdict.OK, Verdict.WARN, Verdict.EMPTY, Verdict.REWIND, Verdict.STALL, Verdict.STOP,
)  # fmt: skip
#: Even an idle group is sampled several times meanwhile.
GONE_MS = 60_000
#: In and out differ by so much before lag is said to grow or shrink.
STEADY = 0.05


class Method(Enum):
    """Where lag in seconds comes from."""

    EXACT = "exact"
    INTERPOLATED = "interpolated"
    UNKNOWN = "unknown"


class Trend(Enum):
    """Where lag is heading."""

    NONE = "caught up"
    GROWING = "growing"
    SHRINKING = "shrinking"
    STEADY = "steady"


@dataclass(frozen=True, slots=True)
class PartitionFigures:
    """A group in one partition; rates are records a second."""

    topic: str
    partition: int
    first: int
    end: int
    committed: int
    lag: int
    seconds: float | None
    method: Method
    verdict: Verdict
    reason: str
    in_rate: float
    out_rate: float
    window: Window


@dataclass(frozen=True, slots=True)
class Totals:
    """Some partitions together: the worst verdict and the longest wait, and the sum of the rest.

    `catch_up_s` is how long it takes to catch up at these rates; None if never.
    """

    verdict: Verdict
    status: Status
    lag: int
    seconds: float | None
    trend: Trend
    in_rate: float
    out_rate: float
    catch_up_s: float | None


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """A group as of `at_ms`."""

    group: str
    at_ms: int
    phase: Phase
    members: int
    total: Totals
    partitions: tuple[PartitionFigures, ...]

    def topics(self) -> list[tuple[str, Totals, tuple[PartitionFigures, ...]]]:
        """Return the group topic by topic."""
        found: dict[str, list[PartitionFigures]] = {}
        for row in self.partitions:
            found.setdefault(row.topic, []).append(row)
        return [(topic, _totals(rows), tuple(rows)) for topic, rows in found.items()]


def figures(lags: Lags) -> list[GroupFigures]:
    """Return every group that is there, the worst first: one no longer looked at is gone."""
    groups = [group for _, group in lags.groups.items()]
    newest = max((group.at_ms for group in groups), default=0)
    found = [group_figures(group) for group in groups if group.at_ms >= newest - GONE_MS]
    return sorted(found, key=_worst_first)


def group_figures(group: Group) -> GroupFigures:
    """Return what is told of a group."""
    rows = tuple(_partition(group, window, verdict) for window, verdict in group.verdicts())
    return GroupFigures(group.name, group.at_ms, group.phase, group.members, _totals(rows), rows)


def _worst_first(group: GroupFigures) -> tuple[int, float, int, str]:
    total = group.total
    return -badness(total.status), -(total.seconds or 0.0), -total.lag, group.group


def _totals(rows: Sequence[PartitionFigures]) -> Totals:
    lag = sum(row.lag for row in rows)
    in_rate, out_rate = sum(row.in_rate for row in rows), sum(row.out_rate for row in rows)
    known = [row.seconds for row in rows if row.seconds is not None]
    verdicts = frozenset(row.verdict for row in rows)
    return Totals(
        max(verdicts, key=_WORST.index, default=Verdict.OK),
        status_of(verdicts),
        lag,
        None if len(known) < len(rows) else max(known, default=0.0),
        _trend(lag, in_rate, out_rate),
        in_rate,
        out_rate,
        _catch_up_s(lag, in_rate, out_rate),
    )


def seconds_of(window: Window, at_ms: int) -> tuple[float | None, Method]:
    """Return how long ago the first record that is not read was appended, and how that is known."""
    sample = window.sample
    if window.lag == 0:
        return 0.0, Method.EXACT
    if sample.oldest_at_ms is not None:
        return max(0, at_ms - sample.oldest_at_ms) / 1000, Method.EXACT
    appended = appended_ms(window.ring, max(sample.committed, sample.first))
    if appended is None:
        return None, Method.UNKNOWN
    return max(0.0, at_ms - appended) / 1000, Method.INTERPOLATED


def _partition(group: Group, window: Window, verdict: Verdict) -> PartitionFigures:
    sample = window.sample
    seconds, method = seconds_of(window, group.at_ms)
    return PartitionFigures(
        window.topic,
        sample.partition,
        sample.first,
        sample.end,
        sample.committed,
        window.lag,
        seconds,
        method,
        verdict,
        _reason(verdict, window, group.at_ms),
        _in_rate(window),
        _out_rate(window, group.at_ms),
        window,
    )


def _in_rate(window: Window) -> float:
    first, last = window.ends[0], window.ends[-1]
    return _rate(last.end - first.end, last.at_ms - first.at_ms)


def _out_rate(window: Window, at_ms: int) -> float:
    first, last = window.commits[0], window.commits[-1]
    return _rate(last.offset - first.offset, at_ms - first.at_ms)


def _rate(records: int, ms: int) -> float:
    return max(0.0, records * 1000 / ms) if ms > 0 else 0.0


def _trend(lag: int, in_rate: float, out_rate: float) -> Trend:
    if lag == 0:
        return Trend.NONE
    if in_rate > out_rate * (1 + STEADY):
        return Trend.GROWING
    return Trend.SHRINKING if out_rate > in_rate * (1 + STEADY) else Trend.STEADY


def _catch_up_s(lag: int, in_rate: float, out_rate: float) -> float | None:
    if lag == 0:
        return 0.0
    return lag / (out_rate - in_rate) if out_rate > in_rate else None


def _reason(verdict: Verdict, window: Window, at_ms: int) -> str:
    """Say in words what a verdict rests on."""
    commits, lag = window.commits, window.lag
    silent_s = (at_ms - commits[-1].at_ms) / 1000
    match verdict:
        case Verdict.OK:
            working = lag > 0 and window.sample.working
            return "it works on what it has read" if working else "it keeps up" if lag else ""
        case Verdict.WARN:
            return f"lag did not shrink in {len(commits)} commits, it is {lag} records"
        case Verdict.STOP:
            return f"nothing committed for {silent_s:.0f} s, and {lag} records wait"
        case Verdict.STALL:
            return f"{len(commits)} commits of the same offset {window.sample.committed}"
        case Verdict.REWIND:
            furthest = max(commit.offset for commit in commits)
            return f"went back from {furthest} to {window.sample.committed}"
        case Verdict.EMPTY:
            return f"{lag} records wait, and nobody is in the group"
