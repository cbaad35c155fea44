"""Seal: what a partition holds beyond its chain becomes segments, each proven before it counts.

A segment counts from the moment its head is in the log. Before that it was read back from the
store and compared row by row; a crash in between leaves an object that nothing names.
"""

from collections.abc import Iterator
from typing import NamedTuple

from streams.errors import (
    ArchiveDamaged,
    BrokerAway,
    Conflict,
    DeliveryFailed,
    LogTruncated,
)
from streams.events.archive import SegmentSealed
from streams.ids import EventId, derived
from streams.io.archive.chains import Chain, Chains, Place
from streams.io.archive.segment import Row, Segment, decoded, digest_of, packed, unpacked
from streams.io.objects import ObjectStore
from streams.io.wire import Wire
from streams.log import EventLog, Span
from streams.topics import ARCHIVE

COMPONENT = "archive"
FLUSH_S = 30.0


class Limits(NamedTuple):
    """When a segment is full; it must stay well below what the store takes as one object."""

    records: int = 100_000
    bytes: int = 16 * 1024 * 1024


class Sealer:
    """Seals partitions of a live log; several may work at once, and one chain comes of it."""

    def __init__(
        self, log: EventLog, wire: Wire, store: ObjectStore, limits: Limits | None = None
    ) -> None:
        self.chains = Chains(log, wire)
        self._log = log
        self._wire = wire
        self._store = store
        self._limits = limits or Limits()

    def seal(self, topic: str, partition: int, *, begin: bool = False) -> Iterator[SegmentSealed]:
        """Seal what the partition holds now, and yield what counts from here on.

        Raises LogTruncated where records are neither in the log nor sealed; with `begin` a chain
        that does not exist yet may start behind them. Raises Conflict if the log is shorter than
        what was sealed of it.
        """
        place = Place(topic, self._log.identity(topic), partition)
        until = self._log.span(topic, partition).end
        while True:
            chain = self.chains.refresh().of(place)
            span = self._log.span(topic, partition)  # after the heads: none may be beyond it
            start, head = _start(place, chain, span, begin), chain.head
            rows = self._rows(place, start, until)
            if not rows:
                return
            sealed = self._put(place, chain, start, rows)
            self._append(sealed)
            if sealed in self.chains.refresh().of(place).segments:  # else another was faster
                yield sealed
            elif chain.head == head:
                raise ArchiveDamaged(f"the head of {sealed.address} is in the log but not read")

    def _rows(self, place: Place, start: int, end: int) -> list[Row]:
        rows: list[Row] = []
        size = 0
        for records in self._log.read(place.topic, place.partition, start, end):
            for record in records:
                row = decoded(record, self._wire)
                rows.append(row)
                size += row.size
                if len(rows) == self._limits.records or size >= self._limits.bytes:
                    return rows
        return rows

    def _put(self, place: Place, chain: Chain, start: int, rows: list[Row]) -> SegmentSealed:
        """Store a segment and compare what then lies in the store with what the log said."""
        records = [row.record for row in rows]
        about = Segment(*place, start, records[-1].offset + 1, chain.previous)
        address = self._store.put(packed(about, rows))
        if unpacked(self._store.get(address)) != (about, records):
            raise ArchiveDamaged(
                f"{address} does not give back what was put there; nothing was sealed",
                fix="check memory and disk of this machine and of the store, then seal again",
            )
        return SegmentSealed(
            topic=about.topic,
            identity=about.identity,
            partition=about.partition,
            first=about.first,
            end=about.end,
            records=len(records),
            newest_ms=max(record.timestamp_ms for record in records),
            address=address,
            previous=about.previous,
            rows_sha256=digest_of(records),
        )

    def _append(self, sealed: SegmentSealed) -> None:
        draft = self._wire.root(
            sealed,
            component=COMPONENT,
            topic=ARCHIVE.name,
            key=f"{sealed.topic}/{sealed.partition}",
            event_id=EventId(derived("sealed", sealed.identity, sealed.first, sealed.address)),
            at_ms=sealed.newest_ms,
        )
        told: list[DeliveryFailed | None] = []
        self._log.append([draft], told.append)
        if self._log.flush(FLUSH_S) or not told:
            raise BrokerAway(f"the head of a segment is not acknowledged after {FLUSH_S:.0f} s")
        if told[0] is not None:
            raise told[0]


def _start(place: Place, chain: Chain, span: Span, begin: bool) -> int:
    name, head = f"{place.topic}/{place.partition}", chain.head
    if head is None:
        if span.first and not begin:
            raise LogTruncated(
                f"{name} begins at {span.first}, and nothing before that is sealed",
                fix="restore its heads; or, if the beginning is lost, begin with `--from-here`",
            )
        return span.first
    if span.end < head.end:
        raise Conflict(
            f"{name} ends at {span.end}, but was sealed up to {head.end}: the log lost records",
            fix="do not write to it; see `aether archive verify`",
        )
    return head.end
