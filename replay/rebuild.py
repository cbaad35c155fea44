"""Rebuild: every decider's states, folded from the log's first record, and the hashes they have.

What a worker had written down before must lead to the same, or the fold is not the truth.
"""

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from streams.envelope import origin_of
from streams.errors import Poison
from streams.io.snapshots import Snapshot, SnapshotFolder
from streams.io.standing import AnyDecider, Standing, marks_place, place_of
from streams.io.wire import Wire
from streams.ledger import Marks
from streams.log import EventLog, Record
from streams.topics import GRID_KEY


class Rebuilt(NamedTuple):
    """One decider's states in one partition, by folding and as they were written down before.

    `before` is what the furthest snapshot and the log behind it make, as after a restart; None
    where there was none. `differs` holds the keys whose states are not the same, in order.
    """

    decider: str
    topic: str
    partition: int
    position: int
    keys: int
    records: int
    seconds: float
    after: str
    before: str | None
    differs: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether there is no difference to what was known before."""
        return self.before is None or self.before == self.after


#: Hears how many records were read since the last call.
Progress = Callable[[int], None]

#: Who is concerned by what stands before a value, and what kind of event that says it is.
Concerned = dict[bytes, list[tuple[Standing, type]]]

#: At its defaults the collector walks every record of a batch again and again.
COLLECTOR = (200_000, 20, 100)

#: Up to which offset a decider considered everything, by its name, topic and partition; none means
#: from the start.
Positions = Mapping[tuple[str, str, int], int]


class Rebuilder(NamedTuple):
    """Folds partitions; snapshots `known` before are only compared with, `fresh` ones are written.

    Considered is what a decider's group committed: an input beyond it may still await its decision,
    so no snapshot may claim it. The deciders of one group are folded in one pass.
    """

    log: EventLog
    wire: Wire
    known: SnapshotFolder
    fresh: SnapshotFolder
    positions: Positions
    progress: Progress = lambda _: None

    def rebuild(self, deciders: Sequence[AnyDecider]) -> Iterator[Rebuilt]:
        """Fold every partition of every decider's topic."""
        for place in self.places(deciders):
            yield from self.rebuild_at(deciders, *place)

    def places(self, deciders: Sequence[AnyDecider]) -> Iterator[tuple[str, int]]:
        """Yield the topics and partitions that concern some deciders."""
        for topic in dict.fromkeys(decider.topic.name for decider in deciders):
            for partition in range(self.log.partitions(topic)):
                yield topic, partition

    def rebuild_at(
        self, deciders: Sequence[AnyDecider], topic: str, partition: int
    ) -> Iterator[Rebuilt]:
        """Fold one partition for those of the deciders that live in its topic."""
        here = [decider for decider in deciders if decider.topic.name == topic]
        for position, group in self._by_position(here, topic, partition).items():
            yield from self._partition(group, topic, partition, position)

    def _by_position(
        self, deciders: Sequence[AnyDecider], topic: str, partition: int
    ) -> Mapping[int, list[AnyDecider]]:
        first = self.log.span(topic, partition).first
        found: dict[int, list[AnyDecider]] = {}
        for decider in deciders:
            position = self.positions.get((decider.name, topic, partition), first)
            found.setdefault(max(first, position), []).append(decider)
        return found

    def _partition(
        self, deciders: Sequence[AnyDecider], topic: str, partition: int, position: int
    ) -> Iterator[Rebuilt]:
        began = time.perf_counter()
        first = self.log.span(topic, partition).first
        identity = self.log.identity(topic)
        places = [place_of(d, topic, identity, partition) for d in deciders]
        standings = [Standing(d, self.wire, Snapshot(first, [])) for d in deciders]
        known = [
            (taken := self.known.load(place, first, position)) and Standing(d, self.wire, taken)
            for d, place in zip(deciders, places, strict=True)
        ]
        both = [*standings, *(standing for standing in known if standing)]
        marks, records = self.fold(both, topic, partition, position)
        seconds = time.perf_counter() - began
        self.fresh.save(marks_place(topic, identity, partition), position, marks.plain())
        for standing, before, place in zip(standings, known, places, strict=True):
            yield Rebuilt(
                decider=standing.decider.name,
                topic=topic,
                partition=partition,
                position=position,
                keys=len(standing.ledger.states),
                records=records,
                seconds=seconds,
                after=standing.hash(),
                before=before.hash() if before else None,
                differs=tuple(_differing(before, standing)) if before else (),
            )
            self.fresh.save(place, position, standing.plain())

    def fold(
        self, standings: Sequence[Standing], topic: str, partition: int, position: int
    ) -> tuple[Marks, int]:
        """Fold a whole partition; facts of the grid and marks count below `position` only."""
        span, marks, read = self.log.span(topic, partition), Marks(), 0
        past = _Past(standings, marks, self.wire, position)
        with few_collections():
            for records in self.log.read(topic, partition, span.first, span.end):
                for record in records:
                    with suppress(Poison):  # the runner parks it
                        past.read(record)
                read += len(records)
                self.progress(len(records))
        return marks, read


class _Past:
    """What a partition's records tell, whoever is concerned; `position` is the first input's."""

    def __init__(
        self, standings: Sequence[Standing], marks: Marks, wire: Wire, position: int
    ) -> None:
        self._standings = standings
        self._marks = marks
        self._wire = wire
        self._position = position
        self._concerned: Concerned = {}

    def read(self, record: Record) -> None:
        """Take the next record in. Raises Poison for one that cannot be read."""
        _, _, offset, _, key, value, headers = record
        head, before = dict(headers), offset < self._position
        origin = origin_of(head, offset)
        if before:
            self._marks.note(origin, key)
        known = self._concerned.get((value or b"")[:5])
        if known is None:
            known = self._learn(value)
        for standing, kind in known:
            if offset >= standing.since:
                standing.recall(record, kind, head, origin, facts=before)

    def _learn(self, value: bytes | None) -> list[tuple[Standing, type]]:
        kind = self._wire.codec.kind_of(value)
        found = [(s, kind) for s in self._standings if kind and kind in s.recalls]
        self._concerned[(value or b"")[:5]] = found
        return found


def _differing(before: Standing, after: Standing) -> Iterator[str]:
    """Yield the keys whose states differ, and the grid's key if its facts do."""
    if before.grid != after.grid:
        yield GRID_KEY
    old, new = before.ledger.states, after.ledger.states
    yield from sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


@contextmanager
def few_collections() -> Iterator[None]:
    """Let the cyclic collector rest: records are many live objects and no cycles."""
    before = gc.get_threshold()
    gc.set_threshold(*COLLECTOR)
    try:
        yield
    finally:
        gc.set_threshold(*before)
