"""Travel: what a decider knew of one key when the input at some offset was decided.

A state is the fold of the decisions on earlier inputs, wherever these decisions stand in the log.
Snapshots shorten the way; they are taken only from before the moment asked for.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from streams.envelope import ID, Decision, Envelope, origin_of
from streams.errors import Poison
from streams.ids import EventId, ProcessorName
from streams.io.snapshots import Snapshot, SnapshotFolder
from streams.io.standing import AnyDecider, Standing, place_of
from streams.io.wire import Wire
from streams.log import EventLog, KeyedLog, Record, Span
from streams.partitioner import partition_of
from streams.plain import Plain, form_of
from streams.topics import GRID_KEY, Topic

#: Of so many records after a moment each one may say that a decider had gone further.
NEAR = 2_000


class Moment(NamedTuple):
    """A place in a partition: every input below `position` was decided, the next one was not."""

    partition: int
    position: int


class Known(NamedTuple):
    """What a decider knew: of the key, and of the grid, as plain data; `read` records told it."""

    decider: str
    moment: Moment
    state: Plain
    grid: Plain
    read: int


class Traveller(NamedTuple):
    """Goes back in one log; snapshots are those of the workers, or of an empty folder."""

    log: EventLog
    wire: Wire
    snapshots: SnapshotFolder
    near: int = NEAR

    def known(self, deciders: Sequence[AnyDecider], key: str, moment: Moment) -> list[Known]:
        """Return what deciders of one topic knew of `key` at a moment, from one pass."""
        standings, read = self._told(deciders, key, moment)
        return [
            Known(
                decider.name,
                moment,
                form_of(decider.state_type).dump(standing.ledger.states.get(key, decider.initial)),
                form_of(decider.grid.state_type).dump(standing.grid),
                read,
            )
            for decider, standing in zip(deciders, standings, strict=True)
        ]

    def standings(
        self, deciders: Sequence[AnyDecider], key: str, moment: Moment
    ) -> Sequence[Standing]:
        """Return the standings of one topic's deciders, for `key` and the grid alone."""
        return self._told(deciders, key, moment)[0]

    def nearest(self, deciders: Sequence[AnyDecider], moment: Moment) -> Sequence[Standing]:
        """Return standings of snapshots, for every key; each knows nothing later than a moment."""
        span = self.log.span(deciders[0].topic.name, moment.partition)
        return [self._nearest(decider, span, moment) for decider in deciders]

    def moment_now(self, topic: Topic, key: str) -> Moment:
        """Return the log's end, in the partition of a key."""
        partition = self._home(topic, key)
        return Moment(partition, self.log.span(topic.name, partition).end)

    def moment_at(self, topic: Topic, key: str, at_ms: int) -> Moment:
        """Return the moment before the first record appended at or after a Unix time."""
        partition = self._home(topic, key)
        return Moment(partition, self.log.offset_at(topic.name, partition, at_ms))

    def moment_after(self, event: Envelope[Any]) -> Moment:
        """Return the moment at which an event had been taken in.

        For a decision that is when its input had been decided, whoever else had gone further.
        """
        origin = origin_of(event.head, event.offset)
        input_at = origin.cause.offset if isinstance(origin, Decision) else event.offset
        return Moment(event.partition, input_at + 1)

    def find(self, topic: Topic, key: str, event_id: EventId) -> Envelope[Any] | None:
        """Return the first record of an id in the stream of a key, or among the grid's facts."""
        partition, wanted = self._home(topic, key), (key.encode(), GRID_KEY.encode())
        named = event_id.encode()
        span = self.log.span(topic.name, partition)
        for records in of_keys(self.log, topic.name, partition, span, wanted):
            for record in records:
                if dict(record.headers).get(ID, named) == named:
                    with suppress(Poison):
                        envelope = self.wire.open(record)
                        if envelope.event_id == event_id:
                            return envelope
        return None

    def knows(self, topic: Topic, key: str) -> bool:
        """Whether anything was ever told of a key."""
        partition, wanted = self._home(topic, key), (key.encode(),)
        span = self.log.span(topic.name, partition)
        return any(of_keys(self.log, topic.name, partition, span, wanted))

    def facts(self, topic: str, moment: Moment) -> Iterator[Envelope[Any]]:
        """Yield the facts of the grid that had been told at a moment, in order."""
        return facts(topic, moment, self.log, self.wire)

    def _home(self, topic: Topic, key: str) -> int:
        return partition_of(key.encode(), self.log.partitions(topic.name))

    def _told(
        self, deciders: Sequence[AnyDecider], key: str, moment: Moment
    ) -> tuple[Sequence[Standing], int]:
        topic, (partition, position) = deciders[0].topic.name, moment
        span = self.log.span(topic, partition)
        standings = self.nearest(deciders, moment)
        start = max(span.first, min(standing.since for standing in standings))
        keys = (key.encode(), GRID_KEY.encode())
        for records in of_keys(self.log, topic, partition, Span(start, position), keys):
            for record in records:
                _recall(standings, record, position, self.wire)
        read = max(0, position - start)
        waiting = {standing.decider.name: standing for standing in standings}
        for records in self._after(topic, partition, Span(max(start, position), span.end), keys):
            read += len(records)
            for record in records:
                _close(waiting, record, position)
                if not waiting:
                    return standings, read
                if record.key in keys:
                    _recall(waiting.values(), record, position, self.wire)
        return standings, read

    def _after(
        self, topic: str, partition: int, span: Span, keys: Collection[bytes]
    ) -> Iterator[list[Record]]:
        """Yield what came after a moment: all that is near, then the keys' own records alone.

        Whoever decides now and then is done by the near ones; one that is silent for long would
        have every record unpacked up to the log's end.
        """
        near = min(span.end, span.first + self.near)
        yield from self.log.read(topic, partition, span.first, near)
        yield from of_keys(self.log, topic, partition, span._replace(first=near), keys)

    def _nearest(self, decider: AnyDecider, span: Span, moment: Moment) -> Standing:
        """Return the standing of a snapshot that does not know decisions that came later."""
        topic, last = decider.topic.name, moment.position
        place = place_of(decider, topic, self.log.identity(topic), moment.partition)
        while (taken := self.snapshots.load(place, span.first, last)) is not None:
            standing = Standing(decider, self.wire, taken)
            if standing.ledger.mark < moment.position:
                return standing
            last = taken.position - 1
        return Standing(decider, self.wire, Snapshot(0, []))


def facts(topic: str, moment: Moment, log: EventLog, wire: Wire) -> Iterator[Envelope[Any]]:
    """Yield the facts of the grid that had been told at a moment, in order."""
    span = log.span(topic, moment.partition)._replace(end=moment.position)
    for records in of_keys(log, topic, moment.partition, span, (GRID_KEY.encode(),)):
        for record in records:
            with suppress(Poison):
                if wire.codec.kind_of(record.value) is not None:
                    yield wire.open(record)


def of_keys(
    log: EventLog, topic: str, partition: int, span: Span, keys: Collection[bytes]
) -> Iterator[list[Record]]:
    """Yield the records of some keys in a span; a log that can passes over the others early."""
    if isinstance(log, KeyedLog):
        yield from log.read_keys(topic, partition, *span, keys)
    else:
        for records in log.read(topic, partition, *span):
            yield [record for record in records if record.key in keys]


def _close(waiting: dict[ProcessorName, Standing], record: Record, position: int) -> None:
    """A decider decides in the order of the partition: one on a later input ends its way."""
    with suppress(Poison):
        origin = origin_of(dict(record.headers), record.offset)
        if isinstance(origin, Decision) and origin.cause.offset >= position:
            waiting.pop(origin.processor, None)


def _recall(standings: Iterable[Standing], record: Record, position: int, wire: Wire) -> None:
    with suppress(Poison):
        kind, head = wire.codec.kind_of(record.value), dict(record.headers)
        origin = origin_of(head, record.offset)
        for standing in standings:
            if kind in standing.recalls and record.offset >= standing.since:
                standing.recall(record, kind, head, origin, facts=record.offset < position)
