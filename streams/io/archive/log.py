"""A log whose beginning may lie in the archive: readers cross the seam unnoticed.

While the log holds a record it is read from there; the archive is asked for nothing else.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from streams.errors import AetherError, ArchiveDamaged, LogTruncated, Poison
from streams.events.archive import SegmentSealed
from streams.io.archive.chains import Chain, Chains, Place
from streams.io.objects import ObjectStore
from streams.io.wire import Wire
from streams.log import Delivered, Draft, EventLog, Follower, KeyedLog, Record, Span

BATCH = 10_000


class ArchivedLog:
    """An EventLog over a live one and the segments that were sealed from it."""

    def __init__(self, live: EventLog, wire: Wire, store: ObjectStore) -> None:
        self.live = live
        self._store = store
        self._chains = Chains(live, wire)
        self._last: tuple[str, list[Record]] = ("", [])

    def append(self, drafts: Sequence[Draft], delivered: Delivered) -> int:
        """Append to the live log."""
        return self.live.append(drafts, delivered)

    def serve(self, timeout_s: float = 0.0) -> int:
        """Serve the live log."""
        return self.live.serve(timeout_s)

    def flush(self, timeout_s: float) -> int:
        """Flush the live log."""
        return self.live.flush(timeout_s)

    def partitions(self, topic: str) -> int:
        """Return what the live log says."""
        return self.live.partitions(topic)

    def identity(self, topic: str) -> str:
        """Return what the live log says."""
        return self.live.identity(topic)

    def span(self, topic: str, partition: int) -> Span:
        """Return what log and archive hold together."""
        span = self.live.span(topic, partition)
        if span.first == 0:
            return span
        segments = self._chain(topic, partition, span.first - 1).segments
        return span._replace(first=min(span.first, segments[0].first)) if segments else span

    def offset_at(self, topic: str, partition: int, at_ms: int) -> int:
        """Ask the log; if that early it holds nothing older, look through the archive."""
        found, first = (
            self.live.offset_at(topic, partition, at_ms),
            self.live.span(topic, partition).first,
        )
        if first == 0 or found > first:
            return found
        for segment in self._chain(topic, partition, first - 1).segments:
            if segment.newest_ms >= at_ms and segment.first < first:
                for record in self._records(segment):
                    if record.timestamp_ms >= at_ms:
                        return min(record.offset, found)
        return found

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]:
        """Yield a range; where the log no longer holds the next record, a segment does.

        Raises LogTruncated if neither does, and ArchiveDamaged, StoreAway.
        """
        at = start
        while at < end:
            try:
                for batch in self.live.read(topic, partition, at, end):
                    yield batch
                    at = batch[-1].offset + 1
                return
            except LogTruncated as exc:
                segment = self._chain(topic, partition, at).holding(at)
                if segment is None:
                    raise LogTruncated(
                        f"record {at} of {topic}/{partition} is neither in the log nor sealed",
                        fix="see `aether archive verify`",
                    ) from exc
            wanted = [r for r in self._records(segment) if at <= r.offset < end]
            for n in range(0, len(wanted), BATCH):
                yield wanted[n : n + BATCH]
            at = segment.end

    def read_keys(
        self, topic: str, partition: int, start: int, end: int, keys: Collection[bytes]
    ) -> Iterator[list[Record]]:
        """Yield what a range holds of some keys; the live log passes over the others early."""
        first = self.live.span(topic, partition).first
        if isinstance(self.live, KeyedLog) and first <= start:
            yield from self.live.read_keys(topic, partition, start, end, keys)
            return
        for records in self.read(topic, partition, start, end):
            yield [record for record in records if record.key in keys]

    def follow(self, starts: Mapping[tuple[str, int], int]) -> Follower:
        """Return a reader that is in the archive where, and whenever, it must be."""
        return CrossingFollower(self, starts)

    def close(self) -> None:
        """Close the live log."""
        self.live.close()

    def _chain(self, topic: str, partition: int, offset: int) -> Chain:
        """Return a partition's chain, looking for new heads if it does not reach an offset."""
        place = Place(topic, self.live.identity(topic), partition)
        chain = self._chains.of(place)
        if chain.head is None or chain.head.end <= offset:
            self._chains.refresh()
        return chain

    def _records(self, segment: SegmentSealed) -> list[Record]:
        """Return a segment's records; the last segment is kept, as ranges are often read again."""
        from streams.io.archive.segment import named_by, unpacked  # pyarrow is slow to import

        address, records = self._last
        if address == segment.address:
            return records
        try:
            about, records = unpacked(self._store.get(segment.address))
        except Poison as exc:  # Unacceptable, too: it has grown
            raise _damaged(segment, str(exc)) from exc
        if about != named_by(segment):
            raise _damaged(segment, f"it says that it is {about}")
        self._last = segment.address, records
        return records


def _damaged(segment: SegmentSealed, why: str) -> ArchiveDamaged:
    place = f"{segment.topic}/{segment.partition}"
    return ArchiveDamaged(
        f"records {segment.first} to {segment.end - 1} of {place} cannot be read: {why}",
        fix="`aether archive verify` names all that is wrong; restore it from a copy of the store",
    )


class CrossingFollower:
    """A live reader that turns to the archive: at first, and whenever a trim overtook it.

    Whatever raises is begun anew by the next `take`, behind the last record that was returned.
    """

    def __init__(self, log: ArchivedLog, starts: Mapping[tuple[str, int], int]) -> None:
        self._log = log
        self._next = dict(starts)
        self._behind: dict[tuple[str, int], int] = {}  # up to where each place is past
        self._past: Iterator[list[Record]] | None = None  # of the first of them
        self._live: Follower | None = self._open()

    def take(self, timeout_s: float) -> list[Record]:
        """Return the next of the past, or else what has arrived."""
        live = self._live = self._live or self._open()
        while self._behind:
            place, end = next(iter(self._behind.items()))
            past = self._past or self._log.read(*place, self._next[place], end)
            self._past = None  # a generator that raised is over, as if there were no more
            batch = next(past, None)
            if batch is not None:
                self._past = past
                return self._passed(batch)
            del self._behind[place]
        try:
            return self._passed(live.take(timeout_s))
        except AetherError as error:
            self._live = None  # it may have moved on over what it did not return
            live.close()
            if isinstance(error, LogTruncated):
                self._live = self._open()
                if self._behind:
                    return []
            raise

    def positions(self) -> dict[tuple[str, int], int]:
        """Return where the next reads begin."""
        if self._live is None:
            return dict(self._next)
        return {**self._live.positions(), **{place: self._next[place] for place in self._behind}}

    def close(self) -> None:
        """Stop reading."""
        self._behind.clear()
        if self._live is not None:
            self._live.close()

    def _open(self) -> Follower:
        firsts = {place: self._log.live.span(*place).first for place in self._next}
        starts = {place: max(at, firsts[place]) for place, at in self._next.items()}
        live = self._log.live.follow(starts)
        self._behind = {place: end for place, end in starts.items() if end > self._next[place]}
        return live

    def _passed(self, records: list[Record]) -> list[Record]:
        for record in records:
            self._next[record.topic, record.partition] = record.offset + 1
        return records
