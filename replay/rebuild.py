"""Rebuild: every decider's states, folded from the log's first record, and the hashes they have.

What a worker had written down before must be the same, or the fold is not the truth.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from streams.errors import Poison
from streams.io.snapshots import Snapshot, SnapshotFolder
from streams.io.standing import AnyDecider, Standing, place_of
from streams.io.wire import Wire
from streams.log import EventLog, Record, Span


class Rebuilt(NamedTuple):
    """One decider's states in one partition, by folding and as they were written down before.

    `before` is None where nothing was written down at the log's end.
    """

    decider: str
    topic: str
    partition: int
    keys: int
    records: int
    seconds: float
    after: str
    before: str | None

    @property
    def same(self) -> bool:
        """Whether there is no difference to what was known before."""
        return self.before is None or self.before == self.after


#: Hears how many records were read since the last call.
Progress = Callable[[int], None]


def rebuild(
    deciders: Sequence[AnyDecider],
    log: EventLog,
    wire: Wire,
    snapshots: SnapshotFolder,
    progress: Progress = lambda _: None,
) -> Iterator[Rebuilt]:
    """Fold every partition of every decider's topic, compare, and write the new snapshots.

    Snapshots that are there are read for their hashes alone, never folded from.
    """
    for topic in dict.fromkeys(decider.topic.name for decider in deciders):
        here = [decider for decider in deciders if decider.topic.name == topic]
        for partition in range(log.partitions(topic)):
            yield from _rebuild_partition(here, topic, partition, log, wire, snapshots, progress)


def _rebuild_partition(
    deciders: Sequence[AnyDecider],
    topic: str,
    partition: int,
    log: EventLog,
    wire: Wire,
    snapshots: SnapshotFolder,
    progress: Progress,
) -> Iterator[Rebuilt]:
    span, identity, began = log.span(topic, partition), log.identity(topic), time.perf_counter()
    standings = [Standing(d, wire, Snapshot(span.first, [])) for d in deciders]
    records = fold(standings, log, wire, topic, partition, span, progress)
    seconds = time.perf_counter() - began
    for standing in standings:
        place = place_of(standing.decider, topic, identity, partition)
        known = snapshots.load(place, span.end, span.end)
        before = Standing(standing.decider, wire, known).hash() if known is not None else None
        keys = len(standing.ledger.states)
        after = standing.hash()
        yield Rebuilt(
            standing.decider.name, topic, partition, keys, records, seconds, after, before
        )
        snapshots.save(place, span.end, standing.plain())


def fold(
    standings: Sequence[Standing],
    log: EventLog,
    wire: Wire,
    topic: str,
    partition: int,
    span: Span,
    progress: Progress = lambda _: None,
) -> int:
    """Fold a range of a partition into standings; return how many records were read."""
    wanted: dict[bytes, list[Standing]] = {}
    read = 0
    for records in log.read(topic, partition, span.first, span.end):
        for record in records:
            prefix = (record.value or b"")[:5]
            known = wanted.get(prefix)
            if known is None:
                known = wanted[prefix] = _concerned(standings, wire, record)
            for standing in known:
                with suppress(Poison):
                    kind = wire.codec.kind_of(record.value)
                    if kind is not None:
                        standing.recall(record, kind, facts=True)
        read += len(records)
        progress(len(records))
    return read


def _concerned(standings: Sequence[Standing], wire: Wire, record: Record) -> list[Standing]:
    try:
        kind = wire.codec.kind_of(record.value)
    except Poison:
        return []
    return [standing for standing in standings if kind in standing.recalls]
