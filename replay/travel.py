"""Travel: what a decider knew of one key when the input at some offset was decided.

A state is the fold of the decisions on earlier inputs, wherever these decisions stand in the log.
Snapshots shorten the way; they are taken only from before the moment asked for.
"""

from contextlib import suppress
from typing import Any, NamedTuple

from streams.envelope import Decision, Envelope, origin_of
from streams.errors import Poison
from streams.ids import EventId
from streams.io.snapshots import Snapshot, SnapshotFolder
from streams.io.standing import AnyDecider, Standing, place_of
from streams.io.wire import Wire
from streams.log import EventLog, Record
from streams.partitioner import partition_of
from streams.plain import Plain, form_of
from streams.topics import GRID_KEY, Topic


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

    def known(self, decider: AnyDecider, key: str, moment: Moment) -> Known:
        """Return what `decider` knew of `key` at a moment."""
        standing, read = self._told(decider, key, moment)
        state = standing.ledger.states.get(key, decider.initial)
        return Known(
            decider.name,
            moment,
            form_of(decider.state_type).dump(state),
            form_of(decider.grid.state_type).dump(standing.grid),
            read,
        )

    def standing(self, decider: AnyDecider, key: str, moment: Moment) -> Standing:
        """Return a decider's standing at a moment, for `key` and the grid alone."""
        return self._told(decider, key, moment)[0]

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
        """Return the first record of an id in the stream of a key."""
        partition, wanted = self._home(topic, key), key.encode()
        span = self.log.span(topic.name, partition)
        for records in self.log.read(topic.name, partition, span.first, span.end):
            for record in records:
                if record.key == wanted:
                    with suppress(Poison):
                        envelope = self.wire.open(record)
                        if envelope.event_id == event_id:
                            return envelope
        return None

    def _home(self, topic: Topic, key: str) -> int:
        return partition_of(key.encode(), self.log.partitions(topic.name))

    def _told(self, decider: AnyDecider, key: str, moment: Moment) -> tuple[Standing, int]:
        topic, (partition, position) = decider.topic.name, moment
        span = self.log.span(topic, partition)
        place = place_of(decider, topic, self.log.identity(topic), partition)
        standing = self._nearest(decider, self.snapshots.load(place, span.first, position), moment)
        keys, read = {key.encode(), GRID_KEY.encode()}, 0
        for records in self.log.read(topic, partition, max(standing.since, span.first), span.end):
            for record in records:
                read += 1
                if not _takes(standing, record, keys, position, self.wire):
                    return standing, read
        return standing, read

    def _nearest(self, decider: AnyDecider, taken: Snapshot | None, moment: Moment) -> Standing:
        """Return the standing of a snapshot, unless it already knows decisions that came later."""
        if taken is not None:
            standing = Standing(decider, self.wire, taken)
            if standing.ledger.mark < moment.position:
                return standing
        return Standing(decider, self.wire, Snapshot(0, []))


def _takes(standing: Standing, record: Record, keys: set[bytes], position: int, wire: Wire) -> bool:
    """Fold a record if it belongs to the moment; say whether anything of it may still come.

    A decider decides in the order of the partition, so a decision on a later input ends the way.
    """
    with suppress(Poison):
        head = dict(record.headers)
        origin = origin_of(head, record.offset)
        own = isinstance(origin, Decision) and origin.processor == standing.decider.name
        if own and isinstance(origin, Decision) and origin.cause.offset >= position:
            return False
        if record.key in keys:
            kind = wire.codec.kind_of(record.value)
            if kind in standing.recalls:
                standing.recall(record, kind, head, origin, facts=record.offset < position)
    return True
