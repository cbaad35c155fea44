"""Audit: every chain walked from its first segment to its head, and what is wrong named.

An object's address is the hash of its content, and a head names the address before it: nothing can
be altered, left out or put elsewhere unnoticed. That a whole chain was set back shows in the log,
which then begins behind it, and in the heads that were seen before.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

from streams.envelope import DATA_REFERENCE
from streams.errors import LogTruncated, NotStored, Poison
from streams.events.archive import SegmentSealed
from streams.io.archive.chains import Chain, Chains, Place
from streams.io.archive.segment import digest_of, named_by, unpacked
from streams.io.objects import ObjectStore
from streams.log import EventLog, Record, Span


class Wrong(StrEnum):
    """What can be wrong with a range of a partition."""

    MISSING = "missing"  # the store has nothing at the address
    ALTERED = "altered"  # other bytes than its address says, or other rows than its head says
    MISPLACED = "misplaced"  # sound, but it is another range than its head says
    OUT_OF_ORDER = "out of order"  # a head that does not take up where the chain was
    ROLLED_BACK = "rolled back"  # a head seen before is not in the chain any more
    GAP = "gap"  # neither in the log nor sealed
    LOG_DIFFERS = "log differs"  # the log holds other records, or fewer, than were sealed


class Fault(NamedTuple):
    """Something wrong, and where."""

    topic: str
    partition: int
    first: int
    end: int
    address: str
    wrong: Wrong
    detail: str


class Audited(NamedTuple):
    """One chain: what it holds, and what is wrong with it."""

    place: Place
    segments: int
    first: int
    end: int
    records: int
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


#: The last head that was seen of a chain, when nothing was wrong with it.
Seen = Mapping[Place, SegmentSealed]

#: Hears of each segment that was checked.
Progress = Callable[[SegmentSealed], None]


class Auditor(NamedTuple):
    """Checks chains against store, log and memory."""

    log: EventLog
    store: ObjectStore
    seen: Seen
    progress: Progress = lambda _: None

    def audit(self, chains: Chains, topics: tuple[str, ...]) -> Iterator[Audited]:
        """Check every chain there is, was, or should be. Raises StoreAway, BrokerAway."""
        live = {
            Place(topic, self.log.identity(topic), partition): self.log.span(topic, partition)
            for topic in topics
            for partition in range(self.log.partitions(topic))
        }
        known = dict(chains)
        for place in sorted({*known, *live, *self.seen}):
            yield self.check(place, known.get(place) or Chain(), live.get(place))

    def check(self, place: Place, chain: Chain, span: Span | None) -> Audited:
        """Check one chain; `span` is None where its topic is no more."""
        faults = [fault for segment in chain.segments for fault in self._segment(segment)]
        faults += [_fault(s, Wrong.OUT_OF_ORDER, _stray(s)) for s in chain.strays]
        faults += self._rolled_back(place, chain)
        if span is not None:
            faults += self._seam(place, chain, span)
        first, end = (chain.segments[0].first, chain.segments[-1].end) if chain.head else (0, 0)
        records = sum(segment.records for segment in chain.segments)
        return Audited(place, len(chain.segments), first, end, records, tuple(faults))

    def _segment(self, told: SegmentSealed) -> Iterator[Fault]:
        self.progress(told)
        try:
            about, records = unpacked(self.store.get(told.address))
        except NotStored as exc:
            yield _fault(told, Wrong.MISSING, str(exc))
            return
        except Poison as exc:  # Unacceptable, too: it has grown
            yield _fault(told, Wrong.ALTERED, str(exc))
            return
        if about != named_by(told):
            yield _fault(told, Wrong.MISPLACED, f"it says that it is {about}")
        elif (len(records), digest_of(records)) != (told.records, told.rows_sha256):
            yield _fault(told, Wrong.ALTERED, "its rows are not those that were sealed")
        else:
            for record in records:
                yield from self._payload(told, record)

    def _payload(self, told: SegmentSealed, record: Record) -> Iterator[Fault]:
        """Check what a record leaves to the store."""
        for address in (value for name, value in record.headers if name == DATA_REFERENCE):
            try:
                self.store.get(address.decode(errors="replace"))
            except Poison as exc:
                wrong = Wrong.MISSING if isinstance(exc, NotStored) else Wrong.ALTERED
                at = record.offset
                yield _fault(told, wrong, str(exc))._replace(first=at, end=at + 1)

    def _rolled_back(self, place: Place, chain: Chain) -> Iterator[Fault]:
        seen = self.seen.get(place)
        if seen is not None and seen not in chain.segments:
            end = chain.head.end if chain.head else 0
            detail = f"the chain ends at {end}, and this head was seen before"
            fault = _fault(seen, Wrong.ROLLED_BACK, detail)
            yield fault._replace(first=min(end, seen.first))

    def _seam(self, place: Place, chain: Chain, span: Span) -> Iterator[Fault]:
        topic, _, partition = place
        head = chain.head
        end = head.end if head else 0
        if span.first > end:
            detail = f"the log begins at {span.first}, the archive ends at {end}"
            yield Fault(topic, partition, end, span.first, "", Wrong.GAP, detail)
        if head is None:
            return
        if span.end < end:
            detail = f"the log ends at {span.end}"
            yield _fault(head, Wrong.LOG_DIFFERS, detail)._replace(first=span.end)
        elif span.first < end:
            yield from self._last(head)

    def _last(self, head: SegmentSealed) -> Iterator[Fault]:
        """Compare the last record that archive and log both hold."""
        with suppress(Poison, LogTruncated):  # told already; or trimmed meanwhile
            last = unpacked(self.store.get(head.address))[1][-1]
            batches = self.log.read(head.topic, head.partition, last.offset, head.end)
            if [record for batch in batches for record in batch] != [last]:
                detail = "the log holds another record there"
                yield _fault(head, Wrong.LOG_DIFFERS, detail)._replace(first=last.offset)


def _fault(told: SegmentSealed, wrong: Wrong, detail: str) -> Fault:
    return Fault(told.topic, told.partition, told.first, told.end, told.address, wrong, detail)


def _stray(told: SegmentSealed) -> str:
    return f"it follows {told.previous or 'nothing'}, which was not the head when it was sealed"
