"""The past, read from the log: that of a key's stream, and those of runs and forks."""

from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from typing import Any

from streams.envelope import CORRELATION, Envelope, origin_of
from streams.errors import Poison
from streams.events.forks import ForkMade
from streams.ids import RunId
from streams.io.runs import stretch
from streams.io.wire import Wire
from streams.ledger import Marks
from streams.log import EventLog, Record
from streams.partitioner import partition_of
from streams.topics import FORKS, SESSIONS


class Past:
    """Reads a partition from its first record; repeats and what cannot be read are left out."""

    def __init__(self, log: EventLog, wire: Wire) -> None:
        self._log = log
        self._wire = wire

    def before(self, cause: Envelope[Any], kinds: Sequence[type]) -> Iterator[Envelope[Any]]:
        """Yield the events of `kinds` under the cause's key that stand before it, in order."""
        marks, wanted, key = Marks(), frozenset(kinds), cause.key.encode()
        first = self._log.span(cause.topic, cause.partition).first
        for records in self._log.read(cause.topic, cause.partition, first, cause.offset):
            for record in records:
                if record.key != key:
                    continue
                with suppress(Poison):
                    head = dict(record.headers)
                    if marks.repeats(origin_of(head, record.offset), cause.key):
                        continue
                    if self._wire.codec.kind_of(record.value) in wanted:
                        yield self._wire.open(record)

    def events(
        self, run_ids: Sequence[RunId], kinds: Sequence[type]
    ) -> dict[RunId, list[Envelope[Any]]]:
        """Return what is asked for of each run; a partition is read no further than needed."""
        found: dict[RunId, dict[str, Envelope[Any]]] = {run_id: {} for run_id in run_ids}
        wanted, names = frozenset(kinds), {run_id.encode(): run_id for run_id in run_ids}
        for partition in range(self._log.partitions(SESSIONS.name)):
            start, until = stretch(run_ids, self._log, partition)
            for records in self._log.read(SESSIONS.name, partition, start, until):
                for record in records:
                    run_id = names.get(dict(record.headers).get(CORRELATION, b""))
                    if run_id is not None:
                        self._keep(record, wanted, found[run_id])
        return {run_id: list(events.values()) for run_id, events in found.items()}

    def forks(self, names: Sequence[RunId]) -> Set[RunId]:
        """Return those that a fork is kept under; only the partitions of their keys are read."""
        keys, found = {name.encode(): name for name in names}, set[RunId]()
        count = self._log.partitions(FORKS.name)
        for partition in sorted({partition_of(key, count) for key in keys}):
            span = self._log.span(FORKS.name, partition)
            for records in self._log.read(FORKS.name, partition, *span):
                for record in records:
                    with suppress(Poison):
                        name = keys.get(record.key or b"")
                        if name and self._wire.codec.kind_of(record.value) is ForkMade:
                            found.add(name)
        return found

    def _keep(
        self, record: Record, wanted: frozenset[type], found: dict[str, Envelope[Any]]
    ) -> None:
        with suppress(Poison):
            if self._wire.codec.kind_of(record.value) in wanted:
                envelope = self._wire.open(record)
                found.setdefault(envelope.event_id, envelope)
