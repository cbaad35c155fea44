"""Perception: what is said, kept or offered becomes a vector once, for all who need one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from processors.perception.ports import Encoder
from streams.effects import EffectClass
from streams.envelope import Envelope
from streams.errors import Fatal, Transient
from streams.events.memory import MemoryPerceived, MemoryRecorded, PerceptionRequested
from streams.events.registry import CapabilityPerceived, CapabilityRegistered
from streams.events.sessions import PerceptionFailed, RequestReceived, TextPerceived
from streams.ids import ProcessorName
from streams.topics import MEMORY, REGISTRY, SESSIONS, Topic, work_of

PERCEPTION = ProcessorName("perception")

#: A person waits for a request; a memory can wait for the encoder as long as it takes.
REQUEST_PATIENCE_S = 30.0
BATCH_MAX = 32


class PerceiveRequests:
    """Requests as vectors; one whose encoder stays away is given up."""

    name, version = PERCEPTION, 1
    topic: Topic = SESSIONS
    reads: tuple[type, ...] = (RequestReceived,)
    writes: tuple[type, ...] = (TextPerceived, PerceptionFailed)
    depends_on: tuple[str, ...] = ("text", "scopes")
    safety = EffectClass.REPEATABLE
    batch_max = BATCH_MAX
    patience_s: float | None = REQUEST_PATIENCE_S

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    async def perform(self, causes: Sequence[Envelope[RequestReceived]]) -> Sequence[Any]:
        """Encode the last thing each user said."""
        requests = [cause.event for cause in causes]
        encoded = await self._encoder.encode([request.text for request in requests])
        return [
            TextPerceived(
                run_id=request.run_id,
                text=request.text,
                scopes=request.scopes,
                encoder=encoded.encoder,
                vector=vector,
            )
            for request, vector in zip(requests, encoded.vectors, strict=True)
        ]

    @staticmethod
    def give_up(cause: Envelope[RequestReceived], error: Transient) -> PerceptionFailed:
        """Say that the request cannot be understood now."""
        return PerceptionFailed(run_id=cause.event.run_id, detail=str(error))


class PerceiveMemories:
    """Memories as vectors, for indexes."""

    name, version = PERCEPTION, 1
    topic: Topic = MEMORY
    reads: tuple[type, ...] = (MemoryRecorded, PerceptionRequested)
    writes: tuple[type, ...] = (MemoryPerceived,)
    depends_on: tuple[str, ...] = ("content",)
    safety = EffectClass.REPEATABLE
    batch_max = BATCH_MAX
    patience_s: float | None = None

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    async def perform(
        self, causes: Sequence[Envelope[MemoryRecorded | PerceptionRequested]]
    ) -> Sequence[Any]:
        """Encode what is remembered, with the heading it stands under or who says it."""
        memories = [cause.event for cause in causes]
        encoded = await self._encoder.encode([meaning(m) for m in memories])
        return [
            MemoryPerceived(
                memory_id=memory.memory_id,
                content=memory.content,
                encoder=encoded.encoder,
                vector=vector,
                place=memory.place,
                offered_by=memory.offered_by,
                since_ms=memory.since_ms,
                expires_at_ms=memory.expires_at_ms,
            )
            for memory, vector in zip(memories, encoded.vectors, strict=True)
        ]

    @staticmethod
    def give_up(cause: Envelope[Any], error: Transient) -> Any:
        """Never: a memory waits."""
        raise Fatal(f"perception of {cause.event_id} was given up") from error


class PerceiveCapabilities:
    """Capabilities as vectors: one for the description, one for each example.

    What nodes answer has its topic before anything can be routed to it.
    """

    name, version = PERCEPTION, 1
    topic: Topic = REGISTRY
    reads: tuple[type, ...] = (CapabilityRegistered,)
    writes: tuple[type, ...] = (CapabilityPerceived,)
    depends_on: tuple[str, ...] = ("card",)
    safety = EffectClass.REPEATABLE
    batch_max = 1
    patience_s: float | None = None

    def __init__(self, encoder: Encoder, ensure: Callable[[Topic], None] | None = None) -> None:
        self._encoder = encoder
        self._ensure = ensure

    async def perform(self, causes: Sequence[Envelope[CapabilityRegistered]]) -> Sequence[Any]:
        """Encode what each capability says of itself."""
        return [await self._perceive(cause.event) for cause in causes]

    @staticmethod
    def give_up(cause: Envelope[CapabilityRegistered], error: Transient) -> Any:
        """Never: a capability waits."""
        raise Fatal(f"perception of {cause.event_id} was given up") from error

    async def _perceive(self, event: CapabilityRegistered) -> CapabilityPerceived:
        work = work_of(event.card.model)
        if work is not None and self._ensure is not None:
            await asyncio.to_thread(self._ensure, work)
        encoded = await self._encoder.encode([event.card.description, *event.card.examples])
        return CapabilityPerceived(
            version=event.version,
            card=event.card,
            encoder=encoded.encoder,
            vectors=tuple(encoded.vectors),
        )


def meaning(memory: MemoryRecorded | PerceptionRequested) -> str:
    """Return the text that stands for a memory, which means little without its heading or speaker.

    The speaker belongs to it: a question about a person is then near what that person says.
    """
    content = memory.content
    head = " - ".join(part for part in (content.title, content.section) if part)
    text = f"{content.speaker}: {content.text}" if content.speaker else content.text
    return f"{head}\n{text}" if head else text
