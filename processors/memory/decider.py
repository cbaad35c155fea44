"""What a scope keeps: each content once, whoever offers it and however often.

A memory's id follows from its scope and content, so the same offer always means the same memory.
"""

from dataclasses import dataclass, field, replace
from typing import assert_never

from streams.decider import NO_GRID, Decider
from streams.envelope import Envelope
from streams.events.memory import Content, MemoryOffered, MemoryRecorded, MemoryRefused
from streams.ids import MemoryId, ProcessorName, derived
from streams.pmap import PMap
from streams.topics import MEMORY

TEXT_MAX = 20_000

Decided = MemoryRecorded | MemoryRefused


@dataclass(frozen=True, slots=True)
class Scope:
    """The memories of one scope, by id, with the title each stands under."""

    memories: PMap[str] = field(default_factory=PMap)


def memory_id(scope: str, content: Content) -> MemoryId:
    """Return the id of some content in a scope; when it was offered does not matter."""
    said = "" if content.said_at_ms is None else content.said_at_ms
    place = (content.uri, content.section, content.speaker, said)
    return MemoryId(derived(scope, content.kind.value, *place, content.text))


def decide(state: Scope, cause: Envelope[MemoryOffered], _: None) -> tuple[Decided, ...]:
    """Record what is new and fit to be remembered."""
    content = cause.event.content
    if not content.text.strip():
        return (MemoryRefused(reason="empty", detail="there is no text to remember"),)
    if len(content.text) > TEXT_MAX:
        detail = f"{len(content.text)} characters; at most {TEXT_MAX} are one memory"
        return (MemoryRefused(reason="too_long", detail=detail),)
    known = memory_id(cause.key, content)
    if known in state.memories:
        return ()
    return (MemoryRecorded(memory_id=known, content=content),)


def evolve(state: Scope, event: Decided) -> Scope:
    """Keep what was recorded."""
    match event:
        case MemoryRecorded(memory_id=known, content=content):
            return replace(state, memories=state.memories.put(known, content.title))
        case MemoryRefused():
            return state
        case _:
            assert_never(event)


MEMORY_DECIDER: Decider[Scope, MemoryOffered, Decided, None] = Decider(
    name=ProcessorName("memory"),
    version=1,
    topic=MEMORY,
    reads=(MemoryOffered,),
    writes=(MemoryRecorded, MemoryRefused),
    initial=Scope(),
    decide=decide,
    evolve=evolve,
    grid=NO_GRID,
)
