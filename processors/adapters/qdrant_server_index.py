"""Memories in a Qdrant server: one collection per encoder, shared by every worker."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from itertools import groupby
from typing import Any

import httpx
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException
from qdrant_client.http.exceptions import UnexpectedResponse as Unexpected

from processors.adapters.qdrant import (
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
from streams.errors import IndexAway, Misconfigured
from streams.ids import MemoryId, ScopeId

POSITIONS = "memory-positions"
MARKS = "memory-gone"
PAGE = 1_000
REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class _Scoped:
    """The reads of a server; there is none of memories but within scopes."""

    def __init__(self, client: AsyncQdrantClient) -> None:
        self._client = client

    async def nearest(
        self,
        name: str,
        vectors: Sequence[bytes],
        scopes: Sequence[ScopeId],
        limit: int,
        among: Sequence[MemoryId] | None,
    ) -> list[list[Near]]:
        within = _within(scopes, among)
        asked = [
            models.QueryRequest(query=numbers(vector), filter=within, limit=limit)
            for vector in vectors
        ]
        answers = await self._client.query_batch_points(name, asked)
        return [ranked(answer.points) for answer in answers]

    async def entries(
        self, name: str, scopes: Sequence[ScopeId], among: Sequence[MemoryId] | None
    ) -> list[Entry]:
        within, offset, found = _within(scopes, among), None, []
        while True:
            points, offset = await self._client.scroll(
                name, scroll_filter=within, limit=PAGE, offset=offset, with_payload=True
            )
            found += [entry_of(point.payload or {}) for point in points]
            if offset is None:
                return found

    async def remove(self, name: str, scope: ScopeId, gone: Sequence[MemoryId]) -> None:
        selected = models.FilterSelector(filter=_within([scope], gone))
        await self._client.delete(name, selected, wait=True)


def _within(scopes: Sequence[ScopeId], among: Sequence[MemoryId] | None) -> models.Filter:
    """Return the filter that every read goes through: the one place where scopes are kept apart."""
    named = models.MatchAny(any=[*map(str, scopes)])
    must: list[Any] = [models.FieldCondition(key=SCOPE, match=named)]
    if among is not None:
        must.append(models.HasIdCondition(has_id=[*map(str, among)]))
    return models.Filter(must=must)


class QdrantServerIndex:
    """An index behind a URL; writes are durable when they return."""

    def __init__(self, client: AsyncQdrantClient) -> None:
        self._client = client
        self._scoped = _Scoped(client)
        self._known: set[str] = set()

    async def put(self, memories: Sequence[Memory]) -> list[Memory]:
        """Upsert points, save those with a mark, and wait for them."""
        with _translated("put memories"):
            marks = await self._marks(memories)
            taken = [m for m in memories if _mark(m) not in marks]
            for encoder, group in groupby(sorted(taken, key=_encoder), key=_encoder):
                batch, name = list(group), collection_of(encoder)
                await self._ensure(name, len(batch[0].vector) // 4)
                points = [
                    models.PointStruct(
                        id=m.entry.memory_id,
                        vector=numbers(m.vector),
                        payload=payload_of(m.entry),
                    )
                    for m in batch
                ]
                await self._client.upsert(name, points, wait=True)
        return taken

    async def remove(self, scope: ScopeId, gone: Sequence[MemoryId]) -> None:
        """Leave marks, then delete points."""
        if not gone:
            return
        marks = [models.PointStruct(id=mark_of(scope, g), vector=[0.0], payload={}) for g in gone]
        with _translated("remove memories"):
            await self._ensure(MARKS, 1)
            await self._client.upsert(MARKS, marks, wait=True)
            for name in await self._encoders():
                await self._scoped.remove(name, scope, gone)

    async def nearest(
        self,
        vectors: Sequence[bytes],
        encoder: str,
        scopes: Sequence[ScopeId],
        limit: int,
        among: Sequence[MemoryId] | None = None,
    ) -> list[list[Near]]:
        """Search the encoder's collection."""
        name = collection_of(encoder)
        with _translated("search memories"):
            if not scopes or limit < 1 or not await self._exists(name):
                return [[] for _ in vectors]
            return await self._scoped.nearest(name, vectors, scopes, limit, among)

    async def entries(
        self, scopes: Sequence[ScopeId], among: Sequence[MemoryId] | None = None
    ) -> list[Entry]:
        """Walk through every encoder's collection."""
        with _translated("read memories"):
            names = await self._encoders() if scopes else []
            found = [await self._scoped.entries(name, scopes, among) for name in names]
        return once(entry for entries in found for entry in entries)

    async def positions(self) -> dict[int, int]:
        """Read how far the index is."""
        with _translated("read the index's positions"):
            if not await self._exists(POSITIONS):
                return {}
            points, _ = await self._client.scroll(POSITIONS, limit=10_000, with_payload=True)
        return {int(p.id): int((p.payload or {})["offset"]) for p in points}

    async def keep(self, positions: Mapping[int, int]) -> None:
        """Note the positions; every put before was waited for."""
        points = [
            models.PointStruct(id=partition, vector=[0.0], payload={"offset": offset})
            for partition, offset in positions.items()
        ]
        if points:
            with _translated("keep the index's positions"):
                await self._ensure(POSITIONS, 1)
                await self._client.upsert(POSITIONS, points, wait=True)

    async def count(self) -> int:
        """Count the points of all collections of memories."""
        with _translated("count memories"):
            counts = [await self._client.count(name) for name in await self._encoders()]
        return sum(counted.count for counted in counts)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _encoders(self) -> list[str]:
        listed = (await self._client.get_collections()).collections
        names = {c.name for c in listed if c.name.startswith(PREFIX)}
        return sorted(names - {POSITIONS, MARKS})

    async def _marks(self, memories: Sequence[Memory]) -> set[str]:
        if not memories or not await self._exists(MARKS):
            return set()
        found = await self._client.retrieve(MARKS, [_mark(m) for m in memories])
        return {str(point.id) for point in found}

    async def _exists(self, name: str) -> bool:
        if name not in self._known and await self._client.collection_exists(name):
            self._known.add(name)
        return name in self._known

    async def _ensure(self, name: str, size: int) -> None:
        if await self._exists(name):
            return
        vectors = models.VectorParams(size=size, distance=models.Distance.DOT)
        await self._client.create_collection(name, vectors_config=vectors)
        by_scope = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
        await self._client.create_payload_index(name, SCOPE, by_scope)
        self._known.add(name)


def _encoder(memory: Memory) -> str:
    return memory.encoder


def _mark(memory: Memory) -> str:
    return mark_of(memory.entry.scope, memory.entry.memory_id)


@contextmanager
def _translated(attempt: str) -> Iterator[None]:
    try:
        yield
    except Unexpected as exc:
        if exc.status_code in REFUSED:
            raise Misconfigured(
                f"could not {attempt}: Qdrant refuses the key", fix="check `qdrant.api_key`"
            ) from exc
        raise IndexAway(f"could not {attempt}: Qdrant says {exc}") from exc
    except (ApiException, ResponseHandlingException, httpx.HTTPError, OSError) as exc:
        raise IndexAway(
            f"could not {attempt}: no answer from Qdrant ({exc})", fix="check `qdrant.url`"
        ) from exc
