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
    SCOPE,
    collection_of,
    found,
    numbers,
    payload_of,
    ranked,
)
from processors.recall.ports import Found, Memory
from streams.errors import Conflict, IndexAway
from streams.ids import ScopeId

T = TypeVar("T")

logger = logging.getLogger(__name__)

POSITIONS = "positions.json"


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

    async def put(self, memories: Sequence[Memory]) -> None:
        """Upsert points."""
        await self._run(self._put, memories)

    async def search(
        self, vector: bytes, encoder: str, scopes: Sequence[ScopeId], limit: int
    ) -> list[Found]:
        """Search the encoder's shard, within the scopes."""
        shard = self._shards.get(collection_of(encoder))
        if shard is None or not scopes:
            return []
        request = qdrant.QueryRequest(
            limit,
            query=qdrant.Query.Nearest(numbers(vector)),
            filter=qdrant.Filter(
                must=[qdrant.FieldCondition(SCOPE, match=qdrant.MatchAny([*map(str, scopes)]))]
            ),
            with_payload=True,
        )
        points = await self._run(shard.query, request)
        return ranked([found(p.id, p.score, p.payload or {}) for p in points])

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
        """Count the points of all shards."""
        return sum([await self._run(s.count, qdrant.CountRequest()) for s in self._shards.values()])

    async def close(self) -> None:
        """Flush and close every shard."""
        shards, self._shards = self._shards, {}
        for shard in shards.values():
            await self._run(shard.close)

    def _open(self) -> dict[str, qdrant.EdgeShard]:
        self._root.mkdir(parents=True, exist_ok=True)
        with _translated(f"open the index in {self._root}"):
            return {
                folder.name: qdrant.EdgeShard.load(str(folder))
                for folder in self._root.glob("memory-*")
            }

    def _put(self, memories: Sequence[Memory]) -> None:
        for encoder, group in groupby(sorted(memories, key=_encoder), key=_encoder):
            batch = list(group)
            points = [qdrant.Point(m.memory_id, numbers(m.vector), payload_of(m)) for m in batch]
            shard = self._shard(encoder, len(batch[0].vector) // 4)
            shard.update(qdrant.UpdateOperation.upsert_points(points))

    def _shard(self, encoder: str, size: int) -> qdrant.EdgeShard:
        name = collection_of(encoder)
        if name not in self._shards:
            folder = self._root / name
            folder.mkdir()
            vectors = qdrant.EdgeVectorParams(size=size, distance=qdrant.Distance.Dot)
            shard = qdrant.EdgeShard.create(str(folder), qdrant.EdgeConfig(vectors=vectors))
            by_scope = qdrant.KeywordIndexParams(is_tenant=True)
            shard.update(qdrant.UpdateOperation.create_field_index(SCOPE, by_scope))
            self._shards[name] = shard
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
