"""Recall: what the scopes of a request know about it, as passages for whoever answers."""

from collections.abc import Sequence
from typing import Any

from processors.recall.ports import MemoryIndex
from streams.effects import Safety
from streams.envelope import Envelope
from streams.errors import Transient
from streams.events.memory import Content
from streams.events.sessions import ContextRecalled, Passage, RecallFailed, TextPerceived
from streams.ids import ProcessorName
from streams.topics import SESSIONS, Topic

LIMIT = 8
PATIENCE_S = 15.0


def _said(content: Content) -> str:
    """Return a memory's text; a turn says who said it."""
    return f"{content.speaker}: {content.text}" if content.speaker else content.text


class Recalling:
    """The nearest memories of each request."""

    name, version = ProcessorName("recall"), 1
    topic: Topic = SESSIONS
    reads: tuple[type, ...] = (TextPerceived,)
    writes: tuple[type, ...] = (ContextRecalled, RecallFailed)
    depends_on: tuple[str, ...] = ("vector", "encoder", "scopes")
    safety = Safety.REPEATABLE
    batch_max = 1
    patience_s: float | None = PATIENCE_S

    def __init__(self, index: MemoryIndex, limit: int = LIMIT) -> None:
        self._index = index
        self._limit = limit

    async def perform(self, causes: Sequence[Envelope[TextPerceived]]) -> Sequence[Any]:
        """Search the scopes of each request."""
        return [await self._recall(cause.event) for cause in causes]

    @staticmethod
    def give_up(cause: Envelope[TextPerceived], error: Transient) -> RecallFailed:
        """Say that memory is out of reach; an answer without it would be a guess."""
        return RecallFailed(run_id=cause.event.run_id, detail=str(error))

    async def _recall(self, event: TextPerceived) -> ContextRecalled:
        found = await self._index.search(event.vector, event.encoder, event.scopes, self._limit)
        return ContextRecalled(
            run_id=event.run_id,
            passages=tuple(
                Passage(
                    memory_id=memory_id,
                    text=_said(content),
                    score=round(score, 6),
                    title=content.title,
                    uri=content.uri,
                    section=content.section,
                )
                for memory_id, content, score in found
            ),
        )
