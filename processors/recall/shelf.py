"""What one scope remembers, as columns of numbers: all that ranking needs, and no text.

The order in which memories are put does not matter; a neighbour is what was recorded next to a
memory in the same source, whatever has arrived in between.
"""

from array import array
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.recall.lexical import asks, counts, terms
from streams.events.memory import Content
from streams.ids import MemoryId

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

#: Later than any time; also the row that stands for no neighbour, as an index from the end.
NEVER_MS = 2**62
NOBODY = -1
_NO_ROWS, _NO_TIMES = np.zeros(0, np.int64), np.zeros(0)


class Standing(NamedTuple):
    """Where a memory stands in its scope and in time."""

    place: int
    since_ms: int
    expires_at_ms: int | None


class Columns(NamedTuple):
    """The columns as arrays that end in one row for nobody: `prev` and `next` point to it.

    `lengths` are the sums over what is live, of `length` and of `window_length`.
    """

    place: Rows
    prev: Rows
    next: Rows
    length: Floats
    window_length: Floats
    speaker: Rows
    since_ms: Rows
    expires_at_ms: Rows
    asks: Floats
    counts: Floats
    live: Truths
    lengths: tuple[float, float]


class Shelf:
    """The memories of a scope by row; a row is never given twice."""

    def __init__(self) -> None:
        self.ids: list[MemoryId] = []
        self.speakers: dict[str, int] = {}
        self._rows: dict[MemoryId, int] = {}
        self._postings: dict[str, tuple[array[int], array[float]]] = {}
        self._sources: dict[str, list[tuple[int, MemoryId]]] = {}
        self._placed: list[tuple[str, int]] = []
        self._place, self._prev, self._next = array("q"), array("q"), array("q")
        self._length = array("d")
        self._speaker, self._since, self._expires = array("q"), array("q"), array("q")
        self._asks, self._counts, self._live = array("d"), array("d"), array("b")
        self._columns: Columns | None = None

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def width(self) -> int:
        """How many rows there are, dead ones and nobody's included."""
        return len(self.ids) + 1

    def rows_of(self, memory_ids: Iterable[MemoryId]) -> Rows:
        """Return the rows of memories, `NOBODY` for one that is not here."""
        return np.array([self._rows.get(known, NOBODY) for known in memory_ids], np.int64)

    def ids_of(self, rows: Rows) -> list[MemoryId]:
        """Return which memories stand in some rows."""
        return [self.ids[row] for row in rows.tolist()]

    def put(self, memory_id: MemoryId, content: Content, standing: Standing) -> None:
        """Take a memory in; one that is here stays as it is."""
        if memory_id in self._rows:
            return
        row = self._rows[memory_id] = len(self.ids)
        self.ids.append(memory_id)
        told = Counter(terms(said_by(content)))
        for term, often in told.items():
            rows, times = self._postings.setdefault(term, (array("q"), array("d")))
            rows.append(row)
            times.append(often)
        self._length.append(sum(told.values()))
        self._speaker.append(self.speakers.setdefault(content.speaker, len(self.speakers)))
        self._since.append(standing.since_ms)
        self._expires.append(NEVER_MS if standing.expires_at_ms is None else standing.expires_at_ms)
        self._asks.append(asks(content.text))
        self._counts.append(counts(content.text))
        self._live.append(1)
        self._stand(row, content.uri.partition("#")[0], standing.place)
        self._columns = None

    def remove(self, memory_id: MemoryId) -> None:
        """Let a memory go; its neighbours become each other's."""
        row = self._rows.pop(memory_id, None)
        if row is None:
            return
        source, place = self._placed[row]
        line = self._sources[source]
        line.pop(bisect_left(line, (place, memory_id)))
        self._link(self._prev[row], self._next[row])
        self._prev[row] = self._next[row] = NOBODY
        self._live[row] = 0
        self._columns = None

    def columns(self) -> Columns:
        """Return the columns as they are now."""
        if self._columns is None:
            prev, follows = _whole(self._prev, NOBODY), _whole(self._next, NOBODY)
            live, length = _whole(self._live, 0) == 1, _real(self._length)
            wide = length + length[prev] + length[follows]
            self._columns = Columns(
                place=_whole(self._place, 0),
                prev=prev,
                next=follows,
                length=length,
                window_length=wide,
                speaker=_whole(self._speaker, NOBODY),
                since_ms=_whole(self._since, 0),
                expires_at_ms=_whole(self._expires, NEVER_MS),
                asks=_real(self._asks),
                counts=_real(self._counts),
                live=live,
                lengths=(float(length[live].sum()), float(wide[live].sum())),
            )
        return self._columns

    def postings(self, term: str) -> tuple[Rows, Floats]:
        """Return the rows that say a term, in their order, and how often each.

        They may be views: who keeps one keeps the shelf from taking memories in.
        """
        found = self._postings.get(term)
        if found is None:
            return _NO_ROWS, _NO_TIMES
        rows, times = np.frombuffer(found[0], np.int64), np.frombuffer(found[1], np.float64)
        if len(self) == len(self.ids):
            return rows, times
        live = self.columns().live[rows]
        return rows[live], times[live]

    def _stand(self, row: int, source: str, place: int) -> None:
        """Link a row between its neighbours of the same source."""
        line, at = self._sources.setdefault(source, []), (place, self.ids[row])
        self._placed.append((source, place))
        self._place.append(place)
        self._prev.append(NOBODY)
        self._next.append(NOBODY)
        insort(line, at)
        index = bisect_left(line, at)
        if index > 0:
            self._link(self._rows[line[index - 1][1]], row)
        if index + 1 < len(line):
            self._link(row, self._rows[line[index + 1][1]])

    def _link(self, first: int, second: int) -> None:
        if first != NOBODY:
            self._next[first] = second
        if second != NOBODY:
            self._prev[second] = first


def said_by(content: Content) -> str:
    """Return the text a memory is found by: its words, its speaker and what it stands under."""
    parts = (content.speaker, content.title, content.section, content.text)
    return " ".join(part for part in parts if part)


def _whole(values: "array[int]", nobody: int) -> Rows:
    return np.append(np.array(values, np.int64), np.int64(nobody))


def _real(values: "array[float]") -> Floats:
    return np.append(np.array(values, np.float64), 0.0)
