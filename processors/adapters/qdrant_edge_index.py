"""Memories in Qdrant's engine inside this process: one shard per encoder below one folder.

The engine writes in memory first; `keep` flushes, and only then notes how far it is.
"""

import asyncio
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import qdrant_edge as qdrant

from processors.adapters.qdrant import (
    GONE,
    PREFIX,
    SCOPE,
    collection_of,
    entry_of,
    mark_of,
    numbers,
    once,
    payload_of,
    ranked,
)
from processors.recall.ports import Entry, Memory, Near
from streams.errors import Conflict, IndexAway
from streams.ids import MemoryId, ScopeId

T = TypeVar("T")

logger = logging.getLogger(__name__)

POSITIONS = "positions.json"
PAGE = 10_000


class _Shard:
    """A shard of the engine; there is no way to read memories from it but within scopes."""

    def __init__(self, shard: qdrant.EdgeShard) -> None:
        self._shard = shard
        self.update, self.flush, self.close = shard.update, shard.flush, shard.close

    def nearest(
        self,
        vector: bytes,
        scopes: Sequence[ScopeId],
        limit: int,
        among: Sequence[MemoryId] | None,
    ) -> list[Near]:
        nearest = qdrant.Query.Nearest(numbers(vector))
        asked = qdrant.QueryRequest(limit, query=nearest, filter=_within(scopes, among))
        return ranked(self._shard.query(asked))

    def entries(
        self, scopes: Sequence[ScopeId], among: Sequence[MemoryId] | None
    ) -> Iterator[Entry]:
        within, offset = _within(scopes, among), None
        while True:
            points, offset = self._shard.scroll(
                qdrant.ScrollRequest(offset=offset, limit=PAGE, filter=within, with_payload=True)
            )
            yield from (entry_of(point.payload or {}) for point in points)
            if offset is None:
                return

    def remove(self, scope: ScopeId, gone: Sequence[MemoryId]) -> None:
        self._shard.update(qdrant.UpdateOperation.delete_points_by_filter(_within([scope], gone)))

    def known(self, ids: Sequence[str]) -> set[str]:
        """Which of these points there are."""
        return {str(point.id) for point in self._shard.retrieve(list(ids), False, False)}

    def count(self) -> int:
        return int(self._shard.count(qdrant.CountRequest()))


def _within(scopes: Sequence[ScopeId], among: Sequence[MemoryId] | None) -> qdrant.Filter:
    """Return the filter that every read goes through: the one place where scopes are kept apart.

    The engine checks 100,000 memories against one value after another in two thirds of the time
    that it takes for any of a set; one of no scopes is none.
    """
    named: list[Any] = [
        qdrant.FieldCondition(SCOPE, match=qdrant.MatchValue(str(scope))) for scope in scopes
    ]
    must: list[Any] = [] if among is None else [qdrant.HasIdCondition(set(map(str, among)))]
    return qdrant.Filter(min_should=qdrant.MinShould(named, 1), must=must)


class QdrantEdgeIndex:
    """An index of this process alone; a second opener of the folder gets Conflict."""

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            self._shards = self._open()
        except IndexAway as exc:  # half made when a process died: it is only a cache
            logger.warning("starting the index anew", extra={"error": str(exc)})
            shutil.rmtree(root)
            self._shards = self._open()

    async def put(self, memories: Sequence[Memory]) -> list[Memory]:
        """Upsert points, save those with a mark."""
        return await self._run(self._put, memories)

    async def remove(self, scope: ScopeId, gone: Sequence[MemoryId]) -> None:
        """Leave marks, then delete points."""
        if not gone:
            return
        await self._run(self._remove, scope, gone)

    async def nearest(
        self,
        vectors: Sequence[bytes],
        encoder: str,
        scopes: Sequence[ScopeId],
        limit: int,
        among: Sequence[MemoryId] | None = None,
    ) -> list[list[Near]]:
        """Search the encoder's shard, for all vectors side by side."""
        shard = self._shards.get(collection_of(encoder))
        if shard is None or not scopes or limit < 1:
            return [[] for _ in vectors]
        searches = [self._run(shard.nearest, v, scopes, limit, among) for v in vectors]
        return list(await asyncio.gather(*searches))

    async def entries(
        self, scopes: Sequence[ScopeId], among: Sequence[MemoryId] | None = None
    ) -> list[Entry]:
        """Walk through every encoder's shard."""
        if not scopes or not self._encoders():
            return []
        return await self._run(self._entries, scopes, among)

    async def positions(self) -> dict[int, int]:
        """Read how far the index is."""
        path = self._root / POSITIONS
        if not path.exists():
            return {}
        return {int(p): offset for p, offset in json.loads(path.read_text()).items()}

    async def keep(self, positions: Mapping[int, int]) -> None:
        """Flush, then note the positions in one step."""
        await self._run(self._keep, dict(positions))

    async def count(self) -> int:
        """Count the points of all encoders' shards."""
        return sum([await self._run(shard.count) for shard in self._encoders()])

    async def close(self) -> None:
        """Flush and close every shard."""
        shards, self._shards = self._shards, {}
        for shard in shards.values():
            await self._run(shard.close)

    def _open(self) -> dict[str, _Shard]:
        self._root.mkdir(parents=True, exist_ok=True)
        with _translated(f"open the index in {self._root}"):
            return {
                folder.name: _Shard(qdrant.EdgeShard.load(str(folder)))
                for folder in [*self._root.glob(f"{PREFIX}*"), *self._root.glob(GONE)]
            }

    def _encoders(self) -> list[_Shard]:
        return [shard for name, shard in sorted(self._shards.items()) if name != GONE]

    def _put(self, memories: Sequence[Memory]) -> list[Memory]:
        marks = self._marks(memories)
        taken = [m for m in memories if _mark(m) not in marks]
        for encoder, group in groupby(sorted(taken, key=_encoder), key=_encoder):
            batch = list(group)
            points = [
                qdrant.Point(m.entry.memory_id, numbers(m.vector), payload_of(m.entry))
                for m in batch
            ]
            shard = self._shard(collection_of(encoder), len(batch[0].vector) // 4)
            shard.update(qdrant.UpdateOperation.upsert_points(points))
        return taken

    def _marks(self, memories: Sequence[Memory]) -> set[str]:
        marks = self._shards.get(GONE)
        return set() if marks is None else marks.known([_mark(m) for m in memories])

    def _remove(self, scope: ScopeId, gone: Sequence[MemoryId]) -> None:
        marks = [qdrant.Point(mark_of(scope, known), [0.0], {}) for known in gone]
        self._shard(GONE, 1).update(qdrant.UpdateOperation.upsert_points(marks))
        for shard in self._encoders():
            shard.remove(scope, gone)

    def _entries(self, scopes: Sequence[ScopeId], among: Sequence[MemoryId] | None) -> list[Entry]:
        return once(e for shard in self._encoders() for e in shard.entries(scopes, among))

    def _shard(self, name: str, size: int) -> _Shard:
        if name not in self._shards:
            folder = self._root / name
            folder.mkdir()
            vectors = qdrant.EdgeVectorParams(size=size, distance=qdrant.Distance.Dot)
            shard = qdrant.EdgeShard.create(str(folder), qdrant.EdgeConfig(vectors=vectors))
            by_scope = qdrant.KeywordIndexParams(is_tenant=True)
            shard.update(qdrant.UpdateOperation.create_field_index(SCOPE, by_scope))
            self._shards[name] = _Shard(shard)
        return self._shards[name]

    def _keep(self, positions: dict[int, int]) -> None:
        for shard in self._shards.values():
            shard.flush()
        written = self._root / f".{POSITIONS}"
        written.write_text(json.dumps(positions))
        written.replace(self._root / POSITIONS)

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        with _translated(f"use the index in {self._root}"):
            return await asyncio.to_thread(work, *arguments)


def _encoder(memory: Memory) -> str:
    return memory.encoder


def _mark(memory: Memory) -> str:
    return mark_of(memory.entry.scope, memory.entry.memory_id)


@contextmanager
def _translated(attempt: str) -> Iterator[None]:
    """The engine raises bare Exceptions: the message is all there is to tell them apart."""
    try:
        yield
    except Exception as exc:
        if "WouldBlock" in str(exc):
            raise Conflict(
                f"could not {attempt}: another process holds it",
                fix="stop the other worker, or give this one a data directory of its own",
            ) from exc
        raise IndexAway(f"could not {attempt}: {exc}") from exc
