"""A log in memory, for tests of what stands on a log; it keeps every promise of the protocol.

Appends land when they are served, in order, so that a test can stop in between.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count

from streams.errors import LogTruncated, Misconfigured
from streams.log import Delivered, Draft, Record, Span
from streams.partitioner import partition_of

IN_FLIGHT_MAX = 100_000
BATCH = 1_000


class MemoryBroker:
    """What several clients share: the partitions themselves; its clock begins at `since_ms`."""

    def __init__(self, topics: Mapping[str, int], since_ms: int = 1_700_000_000_000) -> None:
        self.topics = dict(topics)
        self.records: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.first: dict[tuple[str, int], int] = defaultdict(int)
        self._clock = count(since_ms)

    def land(self, draft: Draft) -> None:
        """Append a draft at once; time is a counter, so that a run can be repeated."""
        partition = draft.partition
        if partition is None:
            partition = partition_of(draft.key or b"", self.topics[draft.topic])
        records = self.records[draft.topic, partition]
        offset = self.first[draft.topic, partition] + len(records)
        records.append(
            Record(
                draft.topic,
                partition,
                offset,
                next(self._clock),
                draft.key,
                draft.value,
                list(draft.headers),
            )
        )

    def truncate(self, topic: str, partition: int, first: int) -> None:
        """Forget what lies below `first`, as retention does."""
        place = topic, partition
        self.records[place] = [r for r in self.records[place] if r.offset >= first]
        self.first[place] = first


class MemoryLog:
    """One client of a MemoryBroker."""

    def __init__(self, broker: MemoryBroker, in_flight_max: int = IN_FLIGHT_MAX) -> None:
        self.broker = broker
        self.in_flight: deque[tuple[Draft, Delivered]] = deque()
        self._in_flight_max = in_flight_max

    def append(self, drafts: Sequence[Draft], delivered: Delivered) -> int:
        """Queue drafts until the next `serve`."""
        sent = drafts[: self._in_flight_max - len(self.in_flight)]
        for draft in sent:
            self.partitions(draft.topic)
            self.in_flight.append((draft, delivered))
        return len(sent)

    def serve(self, timeout_s: float = 0.0) -> int:
        """Land everything that is in flight and call back."""
        served = len(self.in_flight)
        for _ in range(served):
            draft, delivered = self.in_flight.popleft()
            self.broker.land(draft)
            delivered(None)
        return served

    def flush(self, timeout_s: float) -> int:
        """Serve until nothing is in flight."""
        while self.in_flight:
            self.serve(timeout_s)
        return 0

    def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic."""
        if topic not in self.broker.topics:
            raise Misconfigured(f"there is no topic {topic}", fix="create it: `aether up`")
        return self.broker.topics[topic]

    def identity(self, topic: str) -> str:
        """Return a constant: its topics are never created anew."""
        return "memory"

    def span(self, topic: str, partition: int) -> Span:
        """Return what a partition holds."""
        first = self.broker.first[topic, partition]
        return Span(first, first + len(self.broker.records[topic, partition]))

    def offset_at(self, topic: str, partition: int, at_ms: int) -> int:
        """Search the partition."""
        records = self.broker.records[topic, partition]
        end = self.span(topic, partition).end
        return next((r.offset for r in records if r.timestamp_ms >= at_ms), end)

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]:
        """Yield a range of a partition."""
        first, stop = self.span(topic, partition)
        if start < first:
            raise LogTruncated(f"{topic}/{partition} starts at {first}, {start} was asked for")
        for at in range(start, min(end, stop), BATCH):
            yield self.broker.records[topic, partition][at - first : min(at + BATCH, end) - first]

    def read_keys(
        self, topic: str, partition: int, start: int, end: int, keys: Collection[bytes]
    ) -> Iterator[list[Record]]:
        """Yield a range of a partition, some keys alone."""
        for records in self.read(topic, partition, start, end):
            yield [record for record in records if record.key in keys]

    def follow(self, starts: Mapping[tuple[str, int], int]) -> "MemoryFollower":
        """Return a live reader."""
        return MemoryFollower(self, starts)

    def close(self) -> None:
        """Drop what is in flight."""
        self.in_flight.clear()


class MemoryFollower:
    """A live reader of a MemoryBroker."""

    def __init__(self, log: MemoryLog, starts: Mapping[tuple[str, int], int]) -> None:
        self._log = log
        self._positions = dict(starts)

    def take(self, timeout_s: float) -> list[Record]:
        """Return everything that has arrived."""
        taken: list[Record] = []
        for (topic, partition), start in self._positions.items():
            end = self._log.span(topic, partition).end
            for batch in self._log.read(topic, partition, start, end):
                taken += batch
            self._positions[topic, partition] = end
        return taken

    def positions(self) -> dict[tuple[str, int], int]:
        """Return where the next reads begin."""
        return dict(self._positions)

    def close(self) -> None:
        """Nothing is held."""
