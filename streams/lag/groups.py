"""All groups as their samples tell of them: a fold, of which every door and decider has the same.

A group that was not sampled for long is forgotten once there are many: names that a tool makes up
at every start must not fill the memory.
"""

from dataclasses import dataclass, field

from streams.events.lag import LagSampled, Phase, Status, Verdict
from streams.lag.verdict import judge
from streams.lag.window import Window, begun, learned
from streams.pmap import PMap

GROUPS_MAX = 1_000
FORGOTTEN_MS = 3_600_000

ERRORS = frozenset((Verdict.STOP, Verdict.STALL, Verdict.REWIND))
_STATUS = {Verdict.OK: Status.OK, Verdict.WARN: Status.WARN, Verdict.EMPTY: Status.EMPTY}
_BADNESS = {status: at for at, status in enumerate(Status)}


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group; `settled_ms` is since when its members are the same, None meanwhile."""

    name: str
    at_ms: int
    phase: Phase
    members: int
    settled_ms: int | None
    windows: tuple[Window, ...]

    def verdicts(self) -> tuple[tuple[Window, Verdict], ...]:
        """Return every partition with what is to be said of it."""
        return tuple(
            (
                window,
                judge(window, self.at_ms, members=self.members, settled_ms=self.settled_ms),
            )
            for window in self.windows
        )


@dataclass(frozen=True, slots=True)
class Lags:
    """Every group that was sampled, by name."""

    groups: PMap[Group] = field(default_factory=PMap)


def learn(lags: Lags, sample: LagSampled) -> Lags:
    """Return what is known after a sample; one that is older than the last says nothing."""
    known = lags.groups.get(sample.group)
    if known is not None and sample.at_ms <= known.at_ms:
        return lags
    groups = lags.groups
    if known is None and len(groups) >= GROUPS_MAX:
        since = sample.at_ms - FORGOTTEN_MS
        groups = PMap({name: group for name, group in groups.items() if group.at_ms > since})
    return Lags(groups.put(sample.group, _grown(known, sample)))


def status_of(verdicts: frozenset[Verdict]) -> Status:
    """Return how it stands with a group whose partitions have these verdicts."""
    found = {Status.ERR if verdict in ERRORS else _STATUS[verdict] for verdict in verdicts}
    return max(found, key=badness, default=Status.OK)


def badness(status: Status) -> int:
    """Return how bad a status is, to sort by."""
    return _BADNESS[status]


def _grown(known: Group | None, sample: LagSampled) -> Group:
    past = {(w.topic, w.sample.partition): w for w in known.windows} if known else {}
    at_ms, windows = sample.at_ms, []
    for topic in sample.topics:
        for partition in topic.partitions:
            window = past.get((topic.topic, partition.partition))
            windows.append(
                learned(window, topic, partition, at_ms)
                if window is not None
                else begun(topic, partition, at_ms)
            )
    return Group(
        sample.group, at_ms, sample.phase, sample.members, _settled(known, sample), tuple(windows)
    )


def _settled(known: Group | None, sample: LagSampled) -> int | None:
    if sample.phase is Phase.REBALANCING:
        return None
    if known is None or known.members != sample.members or known.settled_ms is None:
        return sample.at_ms
    return known.settled_ms
