"""How a memory lies in Qdrant, embedded or served: one collection per encoder, one point each.

What was removed leaves a mark in a collection of its own, so that it cannot come back.
"""

import hashlib
from array import array
from collections.abc import Iterable
from typing import Any

from processors.recall.ports import Entry, Near
from streams.events.memory import Content
from streams.ids import MemoryId, ScopeId, derived
from streams.plain import form_of

#: The payload field that every read filters by; nothing is found without it.
SCOPE = "scope"
PREFIX = "memory-"
GONE = "gone"

_CONTENT = form_of(Content)


def collection_of(encoder: str) -> str:
    """Return the collection that holds the vectors of an encoder, and of no other."""
    return PREFIX + hashlib.sha256(encoder.encode()).hexdigest()[:16]


def mark_of(scope: ScopeId, memory_id: MemoryId) -> str:
    """Return the point that says that a memory of a scope was removed."""
    return derived(GONE, scope, memory_id)


def payload_of(entry: Entry) -> dict[str, Any]:
    """Return what lies beside a memory's vector."""
    return {**entry._asdict(), "content": _CONTENT.dump(entry.content)}


def entry_of(payload: dict[str, Any]) -> Entry:
    """Return the memory that a payload describes."""
    return Entry(**{**payload, "content": _CONTENT.load(payload["content"])})


def ranked(points: Iterable[Any]) -> list[Near]:
    """Order points by cosine; equal ones by id, so that a search has one answer."""
    near = sorted((-point.score, str(point.id)) for point in points)
    return [Near(MemoryId(known), -distance) for distance, known in near]


def once(entries: Iterable[Entry]) -> list[Entry]:
    """Order memories by id, each once, whatever encoders have seen it."""
    return [entry for _, entry in sorted({entry.memory_id: entry for entry in entries}.items())]


def numbers(vector: bytes) -> list[float]:
    """Return a vector as Qdrant's clients take it."""
    return array("f", vector).tolist()
