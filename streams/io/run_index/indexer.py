"""Fills the index of runs from the log, in the log's order."""

from collections.abc import Iterable, Mapping
from typing import Any

from streams.envelope import CORRELATION
from streams.errors import Poison
from streams.events.sessions import ResponseCompleted, RunFailed
from streams.ids import RunId
from streams.io.run_index.index import APART, RunIndex, Stretch, name_in_text
from streams.io.wire import Wire
from streams.log import EventLog, Record

ENDS = (ResponseCompleted, RunFailed)
#: So many runs are put at once while the index catches up.
AT_ONCE = 1_000

#: Partition, stream and run.
Name = tuple[int, bytes, bytes]
#: Where in what is known of one its last offset stands, and the offset that ended it.
LAST, ENDED = 1, 2


class Indexer:
    """Takes records in, and puts what they tell into the index once they are many, or asked to."""

    def __init__(self, log: EventLog, wire: Wire, index: RunIndex, topic: str) -> None:
        self._log = log
        self._wire = wire
        self._index = index
        self._topic = topic
        self._found: dict[Name, list[Any]] = {}
        self._end_kinds: dict[bytes, bool] = {}

    def begin(self) -> Mapping[int, int]:
        """Return where to begin reading, in each partition."""
        log, topic = self._log, self._topic
        self._found.clear()
        return self._index.begin({p: log.span(topic, p) for p in range(log.partitions(topic))})

    def take(self, records: Iterable[Record]) -> None:
        """Take records in. Raises RegistryAway; to take them again changes nothing."""
        for _, partition, offset, at_ms, key, value, headers in records:
            run = dict(headers).get(CORRELATION) or f"{APART}{offset}".encode()
            known = self._found.setdefault(
                (partition, key or b"", run), [offset, offset, None, at_ms, None]
            )
            if known[ENDED] is None and self._ends(value):
                known[ENDED:] = offset, known[-2], at_ms
            known[LAST] = offset

    def put(self, positions: Mapping[int, int]) -> None:
        """Put what was taken in, and up to where it was read. Raises IndexAway; to be put again."""
        self._index.put(
            (
                Stretch(partition, name_in_text(stream), RunId(name_in_text(run)), *about)
                for (partition, stream, run), about in self._found.items()
            ),
            positions,
        )
        self._found.clear()

    def catch_up(self, ends: Mapping[int, int]) -> int:
        """Read up to some ends, and return how many records that were."""
        read = 0
        for partition, start in self.begin().items():
            end = ends[partition]
            for records in self._log.read(self._topic, partition, start, end):
                self.take(records)
                read += len(records)
                if len(self._found) >= AT_ONCE:
                    self.put({partition: records[-1].offset + 1})
            self.put({partition: end})
        return read

    def _ends(self, value: bytes | None) -> bool:
        kind = (value or b"")[:5]
        known = self._end_kinds.get(kind)
        if known is None:
            try:
                known = self._wire.codec.kind_of(value) in ENDS
            except Poison:
                return False  # its readers park it
            self._end_kinds[kind] = known
        return known
