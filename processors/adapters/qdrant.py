"""How a memory lies in Qdrant, embedded or served: one collection per encoder, one point each."""

import hashlib
from array import array
from typing import Any

from processors.recall.ports import Found, Memory
from streams.events.memory import Content
from streams.ids import MemoryId
from streams.plain import form_of

#: The payload field that every search filters by; nothing is found without it.
SCOPE = "scope"

_CONTENT = form_of(Content)


def collection_of(encoder: str) -> str:
    """Return the collection that holds the vectors of an encoder, and of no other."""
    return "memory-" + hashlib.sha256(encoder.encode()).hexdigest()[:16]


def payload_of(memory: Memory) -> dict[str, Any]:
    """Return what lies beside a memory's vector."""
    return {SCOPE: memory.scope, "content": _CONTENT.dump(memory.content)}


def found(point_id: Any, score: float, payload: dict[str, Any]) -> Found:
    """Return a point that a search gave."""
    return Found(MemoryId(str(point_id)), _CONTENT.load(payload["content"]), score)


def ranked(results: list[Found]) -> list[Found]:
    """Order results by score; equal ones by id, so that a search has one answer."""
    return sorted(results, key=lambda result: (-result.score, result.memory_id))


def numbers(vector: bytes) -> list[float]:
    """Return a vector as Qdrant's clients take it."""
    return array("f", vector).tolist()
