"""A log whose sessions are indexed: one stream is read where it lies, not by passing all others.

The index only says where to look. Where it has not read yet, or cannot be asked, the log is read
as without it.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from streams.errors import IndexAway
from streams.ids import RunId
from streams.io.archive.log import ArchivedLog
from streams.io.objects import ObjectStore
from streams.io.run_index.database import Database
from streams.io.run_index.index import RunIndex, Stretch, name_in_text
from streams.io.wire import Wire
from streams.log import EventLog, Record
from streams.topics import SESSIONS

#: To begin reading anew takes as long as to pass over so many records.
GAP = 2_000


class Known(NamedTuple):
    """Where a run lies, as far as the index has read each partition."""

    stretches: list[Stretch]
    positions: Mapping[int, int]


UNKNOWN = Known([], {})


class IndexedLog(ArchivedLog):
    """An archived log with an index of its runs."""

    def __init__(
        self, live: EventLog, wire: Wire, store: ObjectStore, database: Database, gap: int = GAP
    ) -> None:
        super().__init__(live, wire, store)
        self._database = database
        self._gap = gap

    def where(self, run_id: RunId) -> Known:
        """Return where a run of the sessions lies."""
        try:
            positions = self.runs.positions()  # asked first: what is found may only be more
            return Known(self.runs.find(run_id), positions) if positions else UNKNOWN
        except IndexAway:
            return UNKNOWN

    def read_keys(
        self, topic: str, partition: int, start: int, end: int, keys: Collection[bytes]
    ) -> Iterator[list[Record]]:
        """Yield what a range holds of some keys."""
        for first, last in self._parts(topic, partition, start, end, keys):
            yield from super().read_keys(topic, partition, first, last, keys)

    def close(self) -> None:
        """Close the log and the index."""
        super().close()
        self._database.close()

    @cached_property
    def runs(self) -> RunIndex:
        """The index."""
        return RunIndex(self._database, SESSIONS.name, self.identity(SESSIONS.name))

    def _parts(
        self, topic: str, partition: int, start: int, end: int, keys: Collection[bytes]
    ) -> list[tuple[int, int]]:
        """Return what of a range must be read."""
        if topic != SESSIONS.name:
            return [(start, end)]
        try:
            known = min(end, self.runs.positions().get(partition, 0))
            streams = list(map(name_in_text, keys))
            parts = self.runs.cover(partition, streams, start, known, self._gap)
        except IndexAway:
            return [(start, end)]
        return [*parts, *([(max(start, known), end)] if end > known else [])]
