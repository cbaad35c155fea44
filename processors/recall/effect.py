"""Recall: what the scopes of a request know about it, as passages for whoever answers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from processors.recall.library import Asked, Library, Recalled
from processors.recall.ports import Encoder
from processors.recall.ranking import Weights
from streams.effects import EffectClass
from streams.envelope import Envelope
from streams.errors import Transient
from streams.events.memory import Content, Kind
from streams.events.sessions import ContextRecalled, Passage, RecallFailed, TextPerceived
from streams.ids import ProcessorName
from streams.topics import SESSIONS, Topic

LIMIT = 20
#: What is recalled beyond this is left out: it would travel in every later event of the run.
CHARACTERS_MAX = 12_000
PATIENCE_S = 15.0


class Recalling:
    """What serves each request best."""

    name, version = ProcessorName("recall"), 2
    topic: Topic = SESSIONS
    reads: tuple[type, ...] = (TextPerceived,)
    writes: tuple[type, ...] = (ContextRecalled, RecallFailed)
    depends_on: tuple[str, ...] = ("text", "vector", "encoder", "scopes")
    safety = EffectClass.REPEATABLE
    batch_max = 1
    patience_s: float | None = PATIENCE_S

    def __init__(
        self,
        library: Library,
        encoder: Encoder,
        by: Weights | None = None,
        limit: int = LIMIT,
        characters_max: int = CHARACTERS_MAX,
    ) -> None:
        self._library = library
        self._encoder = encoder
        self._by = by
        self._limit = limit
        self._characters_max = characters_max

    async def perform(self, causes: Sequence[Envelope[TextPerceived]]) -> Sequence[Any]:
        """Search the scopes of each request, as of the time it was asked."""
        return [await self._recall(cause.event, cause.recorded_at_ms) for cause in causes]

    @staticmethod
    def give_up(cause: Envelope[TextPerceived], error: Transient) -> RecallFailed:
        """Say that memory is out of reach; an answer without it would be a guess."""
        return RecallFailed(run_id=cause.event.run_id, detail=str(error))

    async def _recall(self, event: TextPerceived, now_ms: int) -> ContextRecalled:
        asked = Asked(event.text, event.vector, event.encoder, event.scopes, now_ms)
        encode = partial(self._encode, event.encoder)
        by = self._by or self._library.by
        found = await self._library.recall(asked, encode, self._limit, by)
        kept = _within(newest(found), self._characters_max)
        return ContextRecalled(
            run_id=event.run_id, passages=tuple(map(_passage, kept)), weights=by.name
        )

    async def _encode(self, encoder: str, text: str) -> bytes | None:
        """Return a text's vector; one by another encoder must not be compared, so it is none."""
        encoded = await self._encoder.encode([text])
        return encoded.vectors[0] if encoded.encoder == encoder else None


def newest(found: Sequence[Recalled]) -> list[Recalled]:
    """Leave out facts that a newer one of the same key and scope contradicts.

    The index lets them go as well; until it has heard of it, this does.
    """
    latest: dict[tuple[str, str], int] = {}
    for entry, _, _ in found:
        about = (entry.scope, entry.content.key)
        latest[about] = max(entry.since_ms, latest.get(about, entry.since_ms))
    return [
        recalled
        for recalled in found
        if not (key := recalled.entry.content.key)
        or recalled.entry.since_ms == latest[recalled.entry.scope, key]
    ]


def _within(found: Sequence[Recalled], characters_max: int) -> list[Recalled]:
    """Return the best that fit together, one after another; the very best always does."""
    kept: list[Recalled] = []
    left = characters_max
    for recalled in found:
        length = len(recalled.entry.content.text)
        if kept and length > left:
            continue
        kept.append(recalled)
        left -= length
    return kept


def _passage(recalled: Recalled) -> Passage:
    entry = recalled.entry
    content = entry.content
    return Passage(
        memory_id=entry.memory_id,
        text=_said(content),
        score=round(recalled.cosine, 6),
        title=content.title or content.key,
        uri=content.uri,
        section=content.section or _when(content),
    )


def _said(content: Content) -> str:
    """Return a memory's text; a turn says who said it."""
    return f"{content.speaker}: {content.text}" if content.speaker else content.text


def _when(content: Content) -> str:
    """Return the day of a turn, without which "yesterday" means nothing."""
    if content.kind is not Kind.TURN or content.said_at_ms is None:
        return ""
    return datetime.fromtimestamp(content.said_at_ms / 1000, UTC).strftime("%A, %d %B %Y")
