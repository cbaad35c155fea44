"""Which segments there are: one chain per partition, as its heads on a topic tell.

A head counts if it takes up where the one before it ended. Of two that take up at the same place
the first in the log counts, so that two who seal at once make one chain.
"""

from collections.abc import Iterator
from typing import NamedTuple

from streams.errors import Poison
from streams.events.archive import SegmentSealed
from streams.io.wire import Wire
from streams.log import EventLog, Record
from streams.topics import ARCHIVE


class Place(NamedTuple):
    """The partition a chain belongs to."""

    topic: str
    identity: str
    partition: int


class Chain:
    """The sealed segments of one partition in order, and heads that do not fit among them."""

    def __init__(self) -> None:
        self.segments: list[SegmentSealed] = []
        self.strays: list[SegmentSealed] = []
        self._starts: set[tuple[int, str | None]] = set()

    @property
    def head(self) -> SegmentSealed | None:
        """The last segment."""
        return self.segments[-1] if self.segments else None

    @property
    def previous(self) -> str | None:
        """What the next segment must name."""
        return None if self.head is None else self.head.address

    def take(self, told: SegmentSealed) -> None:
        """Consider the next head of the log."""
        start, head = (told.first, told.previous), self.head
        fits = told.previous is None if head is None else start == (head.end, head.address)
        if fits:
            self.segments.append(told)
            self._starts.add(start)
        elif start not in self._starts:  # else a repeat, or somebody who was slower
            self.strays.append(told)

    def holding(self, offset: int) -> SegmentSealed | None:
        """Return the segment in whose range an offset lies."""
        return next((s for s in self.segments if s.first <= offset < s.end), None)


class Chains:
    """Every chain, as far as the topic of heads was read."""

    def __init__(self, log: EventLog, wire: Wire) -> None:
        self.unreadable: list[Record] = []
        self._log = log
        self._wire = wire
        self._chains: dict[Place, Chain] = {}
        self._read_up_to: dict[int, int] = {}

    def __iter__(self) -> Iterator[tuple[Place, Chain]]:
        return iter(sorted(self._chains.items()))

    def of(self, place: Place) -> Chain:
        """Return a partition's chain; empty where nothing was sealed."""
        return self._chains.setdefault(place, Chain())

    def refresh(self) -> "Chains":
        """Read what was appended since the last time. Raises BrokerAway."""
        for partition in range(self._log.partitions(ARCHIVE.name)):
            span = self._log.span(ARCHIVE.name, partition)
            start = self._read_up_to.get(partition, span.first)
            for records in self._log.read(ARCHIVE.name, partition, start, span.end):
                for record in records:
                    self._take(record)
                    self._read_up_to[partition] = record.offset + 1
            self._read_up_to[partition] = max(start, span.end)
        return self

    def _take(self, record: Record) -> None:
        try:
            if self._wire.codec.kind_of(record.value) is SegmentSealed:
                told: SegmentSealed = self._wire.open(record).event
                self.of(Place(told.topic, told.identity, told.partition)).take(told)
        except Poison:
            self.unreadable.append(record)
