"""An index in memory that keeps the port's promises, and memories to put into it."""

from collections.abc import Mapping, Sequence

import numpy as np

from processors.recall.ports import Entry, Memory, Near
from streams.events.memory import Content, Kind
from streams.ids import MemoryId, ScopeId, derived

GRID, ADA = ScopeId("grid"), ScopeId("user:ada")
ENCODER, SIZE = "bag", 64


class PlainIndex:
    """Compares everything with everything; counts how often it was asked for entries."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, MemoryId], Memory] = {}
        self.gone: set[tuple[ScopeId, MemoryId]] = set()
        self.kept: dict[int, int] = {}

    async def put(self, memories: Sequence[Memory]) -> list[Memory]:
        taken = [m for m in memories if (m.entry.scope, m.entry.memory_id) not in self.gone]
        self.held |= {(m.encoder, m.entry.memory_id): m for m in taken}
        return taken

    async def remove(self, scope: ScopeId, gone: Sequence[MemoryId]) -> None:
        self.gone |= {(scope, known) for known in gone}
        self.held = {
            at: m
            for at, m in self.held.items()
            if (m.entry.scope, m.entry.memory_id) not in self.gone
        }

    async def nearest(
        self,
        vectors: Sequence[bytes],
        encoder: str,
        scopes: Sequence[ScopeId],
        limit: int,
        among: Sequence[MemoryId] | None = None,
    ) -> list[list[Near]]:
        here = [m for m in self._within(scopes, among) if m.encoder == encoder]
        found = []
        for vector in vectors:
            near = [Near(m.entry.memory_id, cosine(m.vector, vector)) for m in here]
            found.append(sorted(near, key=lambda n: (-n.cosine, n.memory_id))[:limit])
        return found

    async def entries(
        self, scopes: Sequence[ScopeId], among: Sequence[MemoryId] | None = None
    ) -> list[Entry]:
        found = {m.entry.memory_id: m.entry for m in self._within(scopes, among)}
        return [found[known] for known in sorted(found)]

    async def positions(self) -> dict[int, int]:
        return dict(self.kept)

    async def keep(self, positions: Mapping[int, int]) -> None:
        self.kept = dict(positions)

    async def count(self) -> int:
        return len(self.held)

    async def close(self) -> None:
        pass

    def _within(self, scopes: Sequence[ScopeId], among: Sequence[MemoryId] | None) -> list[Memory]:
        return [
            m
            for m in self.held.values()
            if m.entry.scope in scopes and (among is None or m.entry.memory_id in among)
        ]


def bag(text: str) -> bytes:
    """Return a vector of a text's words: enough to be nearer to what shares more of them."""
    vector = np.zeros(SIZE)
    for word in text.lower().split():
        vector[int(derived(word.strip("?.,!:"))[:8], 16) % SIZE] += 1
    length = float(np.linalg.norm(vector)) or 1.0
    return (vector / length).astype("<f4").tobytes()


def cosine(one: bytes, other: bytes) -> float:
    return float(np.frombuffer(one, "<f4") @ np.frombuffer(other, "<f4"))


async def encode(text: str) -> bytes:
    return bag(text)


def content(
    text: str, speaker: str = "", at_ms: int | None = None, uri: str = "session:1"
) -> Content:
    return Content(
        kind=Kind.TURN if speaker else Kind.PASSAGE,
        text=text,
        title="",
        uri=uri,
        section="",
        speaker=speaker,
        said_at_ms=at_ms,
    )


def memory(
    said: Content | str, place: int = 0, scope: ScopeId = GRID, expires_at_ms: int | None = None
) -> Memory:
    told = content(said) if isinstance(said, str) else said
    known = MemoryId(derived(scope, place, told.text))
    entry = Entry(known, scope, told, place, told.said_at_ms or 0, expires_at_ms)
    return Memory(entry, ENCODER, bag(f"{told.speaker} {told.text}"))
