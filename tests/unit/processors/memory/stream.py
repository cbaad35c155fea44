"""One scope's stream in memory: what is told, what the decider makes of it, and its state."""

from collections.abc import Iterable
from typing import Any

from processors.memory.decider import MEMORY_DECIDER
from processors.memory.scope import Scope
from streams.envelope import Envelope
from streams.events.memory import Content, ForgettingRequested, Kind, MemoryOffered
from streams.ids import EventId, MemoryId, RunId

SCOPE = "user:ada"


def passage(text: str, uri: str = "notes.md") -> Content:
    return Content(
        kind=Kind.PASSAGE, text=text, title="Notes", uri=uri, section="", speaker="",
        said_at_ms=None,
    )  # fmt: skip


def turn(text: str, at_ms: int = 1, speaker: str = "Ada") -> Content:
    return Content(
        kind=Kind.TURN, text=text, title="", uri="session:1", section="", speaker=speaker,
        said_at_ms=at_ms,
    )  # fmt: skip


def fact(key: str, text: str, at_ms: int | None = None) -> Content:
    return Content(
        kind=Kind.FACT, text=text, title="", uri="", section="", speaker="", said_at_ms=at_ms,
        key=key,
    )  # fmt: skip


def offered(content: Content, ttl_ms: int | None = None) -> MemoryOffered:
    return MemoryOffered(content=content, ttl_ms=ttl_ms)


def forget(known: MemoryId) -> ForgettingRequested:
    return ForgettingRequested(memory_id=known, reason="asked to")


def envelope(event: Any, offset: int, at_ms: int) -> Envelope[Any]:
    told = EventId(f"told-{offset}")
    return Envelope(event, told, SCOPE, "topic", 0, offset, at_ms, RunId(""), {})


class Stream:
    """Decides one event after another; the clock stands at the event's number unless it is set."""

    def __init__(self, history: Iterable[Any] = ()) -> None:
        self.events: list[Any] = list(history)
        self.told = 0

    @property
    def state(self) -> Scope:
        return MEMORY_DECIDER.fold(self.events)

    def tell(self, event: Any, at_ms: int | None = None) -> tuple[Any, ...]:
        self.told += 1
        cause = envelope(event, self.told, self.told if at_ms is None else at_ms)
        decided = MEMORY_DECIDER.decide(self.state, cause, None)
        self.events += decided
        return decided
