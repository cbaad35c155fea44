"""What a question's scopes remember, ranked: the index gives meaning, a shelf per scope the rest.

A shelf is a cache over what the index holds, loaded when its scope is first asked and kept up by
the projection; which shelves are in memory changes how long an answer takes, never the answer.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from processors.recall.features import FEATURES, Pool, features, standardised
from processors.recall.ports import Entry, Memory, MemoryIndex, Near
from processors.recall.question import Question, taken_apart
from processors.recall.ranking import UNTRAINED, Weights, fused, order
from processors.recall.shelf import NOBODY, Rows, Shelf, Standing
from processors.recall.wording import Terms, best_worded, weighed, wording
from streams.ids import MemoryId, ScopeId

#: Scopes that together hold no more are ranked whole; of larger ones, this many nearest by each
#: vector and as many by their words.
WHOLE_MAX, POOL_MAX = 1_000, 128
ROWS_MAX = 1_000_000

#: Returns the vector of a text, or None if this encoder did not make it.
Encode = Callable[[str], Awaitable[bytes | None]]


class Asked(NamedTuple):
    """A question to some scopes: its words, its vector and who made that, and when it was asked."""

    text: str
    vector: bytes
    encoder: str
    scopes: tuple[ScopeId, ...]
    now_ms: int


class Recalled(NamedTuple):
    """A memory that was recalled, its cosine to the question and its score among the others."""

    entry: Entry
    cosine: float
    score: float


class Candidates(NamedTuple):
    """Everything that ranking needs; `ids` are in the order of the pools' rows."""

    question: Question
    pools: list[Pool]
    ids: list[MemoryId]


class Library:
    """The memories of all scopes; one instance serves one process.

    `by` are the weights in force, `UNTRAINED` until others are adopted.
    """

    def __init__(
        self,
        index: MemoryIndex,
        *,
        rows_max: int = ROWS_MAX,
        whole_max: int = WHOLE_MAX,
        pool_max: int = POOL_MAX,
    ) -> None:
        self.index = index
        self.by = UNTRAINED
        self._whole_max = whole_max
        self._pool_max = pool_max
        self._rows_max = rows_max
        self._shelves: OrderedDict[ScopeId, Shelf] = OrderedDict()
        self._rows = 0
        self._changing = asyncio.Lock()

    @property
    def kept(self) -> tuple[int, int]:
        """How many shelves are in memory, and how many memories they hold together."""
        return len(self._shelves), self._rows

    async def put(self, memories: Sequence[Memory]) -> None:
        """Take memories in."""
        async with self._changing:
            for entry, _, _ in await self.index.put(memories):
                shelf = self._shelves.get(entry.scope)
                if shelf is not None:
                    self._rows -= len(shelf)
                    _shelve(shelf, entry)
                    self._rows += len(shelf)

    async def remove(self, scope: ScopeId, gone: Sequence[MemoryId]) -> None:
        """Let memories go."""
        async with self._changing:
            await self.index.remove(scope, gone)
            shelf = self._shelves.get(scope)
            if shelf is not None:
                self._rows -= len(shelf)
                for memory_id in gone:
                    shelf.remove(memory_id)
                self._rows += len(shelf)
                if not shelf:
                    del self._shelves[scope]

    async def warm(self, scopes: Sequence[ScopeId]) -> None:
        """Load what these scopes hold before somebody waits for it. Raises IndexAway."""
        for scope in scopes:
            await self._shelf(scope)

    async def recall(
        self, asked: Asked, encode: Encode, limit: int, by: Weights | None = None
    ) -> list[Recalled]:
        """Return what serves a question best, the best first, by the weights in force if none.

        Raises IndexAway.
        """
        by = by or self.by
        found = await self.candidates(asked, encode)
        ranked = rank(found, limit, by)
        if not ranked:
            return []
        entries = await self.index.entries(asked.scopes, [memory_id for memory_id, _, _ in ranked])
        known = {entry.memory_id: entry for entry in entries}
        return [
            Recalled(known[memory_id], cosine, score)
            for memory_id, cosine, score in ranked
            if memory_id in known
        ]

    async def candidates(self, asked: Asked, encode: Encode) -> Candidates:
        """Return what may serve a question: near by meaning, by words, or all of a small scope."""
        scopes = sorted(set(asked.scopes))
        shelves = [await self._shelf(scope) for scope in scopes]
        if not any(map(len, shelves)):
            return Candidates(taken_apart(asked.text, {}), [], [])
        speakers = {name: 0 for shelf in shelves for name in shelf.speakers}
        question = taken_apart(asked.text, speakers)
        vectors = await _vectors(asked, question, encode)
        terms = weighed(question, shelves)
        whole = sum(map(len, shelves)) <= self._whole_max
        searching = asyncio.create_task(
            self.index.nearest(vectors, asked.encoder, scopes, self._whole_max)
            if whole
            else self.index.nearest([_between(vectors)], asked.encoder, scopes, self._pool_max)
        )
        worded = [None if whole else best_worded(terms, s, self._pool_max) for s in shelves]
        near = await searching
        pools = [
            _pool(shelf, terms, _chosen(shelf, near, rows), asked.now_ms)
            for shelf, rows in zip(shelves, worded, strict=True)
        ]
        if not whole:
            near = await self._cosines(vectors, asked.encoder, scopes, pools)
        cosines = [dict(found) for found in near]
        for pool in pools:
            _measure(pool, cosines)
        ids = [memory_id for pool in pools for memory_id in pool.shelf.ids_of(pool.rows)]
        return Candidates(question, pools, ids)

    async def _cosines(
        self, vectors: Sequence[bytes], encoder: str, scopes: Sequence[ScopeId], pools: list[Pool]
    ) -> list[list[Near]]:
        """Return the candidates' cosines to each vector; to the last, their neighbours' as well."""
        own = [memory_id for pool in pools for memory_id in pool.shelf.ids_of(pool.rows)]
        around = [memory_id for pool in pools for memory_id in pool.shelf.ids_of(_concerned(pool))]
        among = [own, around][-len(vectors) :]
        searches = [
            self.index.nearest([vector], encoder, scopes, len(ids), among=ids)
            for vector, ids in zip(vectors, among, strict=True)
        ]
        return [found for (found,) in await asyncio.gather(*searches)]

    async def _shelf(self, scope: ScopeId) -> Shelf:
        async with self._changing:
            shelf = self._shelves.get(scope)
            if shelf is None:
                entries = await self.index.entries([scope])
                if not entries:  # the index says so quickly, and anyone can name a new scope
                    return Shelf()
                shelf = self._shelves[scope] = await asyncio.to_thread(_filled, entries)
                self._rows += len(shelf)
            self._shelves.move_to_end(scope)
            while self._rows > self._rows_max and len(self._shelves) > 1:
                _, oldest = self._shelves.popitem(last=False)
                self._rows -= len(oldest)
            return shelf


def rank(found: Candidates, limit: int, by: Weights) -> list[tuple[MemoryId, float, float]]:
    """Return the best candidates with their cosines and scores."""
    if not found.ids:
        return []
    rows = [features(found.question, pool) for pool in found.pools]
    scores = fused(standardised(rows), by)
    cosines = np.concatenate(rows)[:, FEATURES.index("meaning")]
    return [(found.ids[at], float(cosines[at]), float(scores[at])) for at in order(scores, limit)]


def _filled(entries: Sequence[Entry]) -> Shelf:
    shelf = Shelf()
    for entry in entries:
        _shelve(shelf, entry)
    return shelf


def _shelve(shelf: Shelf, entry: Entry) -> None:
    standing = Standing(entry.place, entry.since_ms, entry.expires_at_ms)
    shelf.put(entry.memory_id, entry.content, standing)


async def _vectors(asked: Asked, question: Question, encode: Encode) -> list[bytes]:
    """Return the question's vector, and that of it without names if it has any."""
    if not question.nameless or question.nameless == asked.text:
        return [asked.vector]
    nameless = await encode(question.nameless)
    return [asked.vector] if nameless is None else [asked.vector, nameless]


def _between(vectors: Sequence[bytes]) -> bytes:
    """Return the direction whose cosine is greatest where the sum of all cosines is."""
    together = np.sum([np.frombuffer(v, "<f4") for v in vectors], axis=0)
    length = max(float(np.linalg.norm(together)), 1e-9)
    return bytes((together / length).astype("<f4").tobytes())


def _chosen(shelf: Shelf, near: Sequence[Sequence[Near]], worded: Rows | None) -> Rows:
    """Return the rows worth ranking: all, or those that are near and those that match by words."""
    if worded is None:
        return np.arange(len(shelf.ids))
    rows = shelf.rows_of(n.memory_id for found in near for n in found)
    return np.union1d(worded, rows[rows != NOBODY])


def _pool(shelf: Shelf, terms: Terms, rows: Rows, now_ms: int) -> Pool:
    """Return those of some rows that hold now, by place, with how well their words match."""
    columns = shelf.columns()
    rows = rows[columns.live[rows] & (columns.expires_at_ms[rows] > now_ms)]
    rows = rows[np.argsort(columns.place[rows], kind="stable")]
    unknown = np.full(shelf.width, np.nan)
    said = wording(terms, shelf, columns, rows)
    return Pool(shelf, columns, said, rows, unknown, unknown.copy())


def _concerned(pool: Pool) -> Rows:
    """Return the candidates and their neighbours, whose cosines count too."""
    columns, rows = pool.columns, pool.rows
    wanted = np.unique(np.concatenate((rows, columns.prev[rows], columns.next[rows])))
    somebody: Rows = wanted[wanted != NOBODY]
    return somebody


def _measure(pool: Pool, cosines: Sequence[Mapping[MemoryId, float]]) -> None:
    """Write the cosines down; a question without names has the same twice."""
    rows = _concerned(pool)
    ids = pool.shelf.ids_of(rows)
    for column, known in zip((pool.meaning, pool.nameless), (cosines[0], cosines[-1]), strict=True):
        column[rows] = [known.get(memory_id, np.nan) for memory_id in ids]
