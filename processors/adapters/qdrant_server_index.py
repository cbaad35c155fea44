"""Memories in a Qdrant server: one collection per encoder, shared by every worker."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from itertools import groupby

import httpx
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException
from qdrant_client.http.exceptions import UnexpectedResponse as Unexpected

from processors.adapters.qdrant import (
    SCOPE,
    collection_of,
    found,
    numbers,
    payload_of,
    ranked,
)
from processors.recall.ports import Found, Memory
from streams.errors import IndexAway, Misconfigured
from streams.ids import ScopeId

POSITIONS = "memory-positions"
REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class QdrantServerIndex:
    """An index behind a URL; writes are durable when they return."""

    def __init__(self, client: AsyncQdrantClient) -> None:
        self._client = client
        self._known: set[str] = set()

    async def put(self, memories: Sequence[Memory]) -> None:
        """Upsert points and wait for them."""
        for encoder, group in groupby(sorted(memories, key=_encoder), key=_encoder):
            batch, name = list(group), collection_of(encoder)
            points = [
                models.PointStruct(id=m.memory_id, vector=numbers(m.vector), payload=payload_of(m))
                for m in batch
            ]
            with _translated("put memories"):
                await self._ensure(name, len(batch[0].vector) // 4)
                await self._client.upsert(name, points, wait=True)

    async def search(
        self, vector: bytes, encoder: str, scopes: Sequence[ScopeId], limit: int
    ) -> list[Found]:
        """Search the encoder's collection, within the scopes."""
        name = collection_of(encoder)
        with _translated("search memories"):
            if not scopes or not await self._exists(name):
                return []
            within = models.FieldCondition(
                key=SCOPE, match=models.MatchAny(any=[*map(str, scopes)])
            )
            answer = await self._client.query_points(
                name,
                query=numbers(vector),
                query_filter=models.Filter(must=[within]),
                limit=limit,
                with_payload=True,
            )
        return ranked([found(p.id, p.score, p.payload or {}) for p in answer.points])

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
            listed = (await self._client.get_collections()).collections
            names = [c.name for c in listed if c.name != POSITIONS]
            return sum([(await self._client.count(name)).count for name in names])

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

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
