"""Likening: each new memory is held against what its scope holds, and what is near is told.

Only one scope is ever searched. The index may not have heard of the last memories yet, so those
are kept here for a while; one that is missed all the same is not proposed, and nothing else.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from processors.effects import Waits
from processors.recall.ports import MemoryIndex
from streams.envelope import Envelope
from streams.events.memory import Content, Kind, Like, LikenessFound, MemoryPerceived
from streams.ids import MemoryId, ModelName, ProcessorName, ScopeId
from streams.topics import MEMORY, Topic

#: What is worth telling: with a judge what may be about the same, else what may be a repetition.
JUDGED_MIN, REPEATED_MIN = 0.5, 0.9
LIKE_MAX, LATELY_MAX = 4, 512

#: Cosines to some memories.
Found = dict[MemoryId, float]


class Likening(Waits):
    """Finds what is near in the same scope; says nothing where there is nothing."""

    name, version = ProcessorName("likening"), 1
    topic: Topic = MEMORY
    reads: tuple[type, ...] = (MemoryPerceived,)
    writes: tuple[type, ...] = (LikenessFound,)
    depends_on: tuple[str, ...] = ("memory_id", "content", "encoder", "vector")
    batch_max = 64

    def __init__(self, index: MemoryIndex, judge: str = "", *, is_on: bool = True) -> None:
        self._index = index
        self._judge = ModelName(judge)
        self._least = JUDGED_MIN if judge else REPEATED_MIN
        self._is_on = is_on
        self._lately: deque[tuple[ScopeId, MemoryPerceived]] = deque(maxlen=LATELY_MAX)

    async def perform(self, causes: Sequence[Envelope[MemoryPerceived]]) -> Sequence[Any]:
        """Liken the memories of one scope, in order."""
        if not self._is_on:
            return [None] * len(causes)
        return [await self._liken(ScopeId(cause.key), cause.event) for cause in causes]

    async def _liken(self, scope: ScopeId, event: MemoryPerceived) -> LikenessFound | None:
        if event.content.kind is Kind.TURN:
            return None  # what was said stays said
        found, known = self._near_lately(scope, event)
        self._lately.append((scope, event))
        (near,) = await self._index.nearest([event.vector], event.encoder, [scope], LIKE_MAX + 1)
        found |= dict(near)
        found.pop(event.memory_id, None)
        best = sorted((-cosine, name) for name, cosine in found.items() if cosine >= self._least)
        names = [name for _, name in best[:LIKE_MAX]]
        missing = [name for name in names if name not in known]
        if missing:
            known |= {e.memory_id: e.content for e in await self._index.entries([scope], missing)}
        like = tuple(
            Like(memory_id=name, cosine=round(found[name], 6), content=known[name])
            for name in names
            if name in known
        )
        if not like:
            return None
        return LikenessFound(
            memory_id=event.memory_id, content=event.content, like=like, judge=self._judge
        )

    def _near_lately(
        self, scope: ScopeId, event: MemoryPerceived
    ) -> tuple[Found, dict[MemoryId, Content]]:
        """Return cosines and contents of the scope's last memories."""
        others = [
            other
            for at, other in self._lately
            if at == scope and other.encoder == event.encoder and _is_comparable(other, event)
        ]
        if not others:
            return {}, {}
        rows = np.frombuffer(b"".join(o.vector for o in others), "<f4").reshape(len(others), -1)
        cosines = (rows @ np.frombuffer(event.vector, "<f4")).tolist()
        found = {o.memory_id: cosine for o, cosine in zip(others, cosines, strict=True)}
        return found, {other.memory_id: other.content for other in others}


def _is_comparable(other: MemoryPerceived, event: MemoryPerceived) -> bool:
    return len(other.vector) == len(event.vector)
