"""What scopes remember as the log tells it: every memory with what became of it, nothing erased."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Any, NamedTuple

from streams.envelope import Envelope
from streams.errors import Poison
from streams.events import memory as m
from streams.ids import MemoryId, ScopeId
from streams.io.wire import Wire
from streams.log import EventLog
from streams.partitioner import partition_of
from streams.topics import MEMORY

#: What concerns two memories.
PAIRED = (m.MergeProposed, m.JudgementRequested, m.JudgementMade, m.JudgementFailed)
#: What tells of a memory; requests are told by what came of them.
TOLD = (
    m.MemoryRecorded,
    m.MemoryMerged,
    m.MemorySuperseded,
    m.MemoryForgotten,
    m.MemoryExpired,
    *PAIRED,
)


class Unperceived(NamedTuple):
    """What asks an encoder for a memory that holds and that it has not seen."""

    scope: ScopeId
    request: m.PerceptionRequested


class Fate(StrEnum):
    """What became of a memory."""

    HOLDS = "holds"
    SUPERSEDED = "superseded"
    FORGOTTEN = "forgotten"
    EXPIRED = "expired"


class Remembered(NamedTuple):
    """A memory as it was recorded, and what became of it; `by` is what superseded it."""

    recorded: m.MemoryRecorded
    scope: ScopeId
    fate: Fate = Fate.HOLDS
    by: MemoryId | None = None

    def at(self, now_ms: int) -> "Remembered":
        """Return it as it is at a time: what has expired may not have been noticed yet."""
        expires = self.recorded.expires_at_ms
        is_over = self.fate is Fate.HOLDS and expires is not None and expires <= now_ms
        return self._replace(fate=Fate.EXPIRED) if is_over else self


def told(
    log: EventLog, wire: Wire, scope: ScopeId | None = None, kinds: tuple[type, ...] = TOLD
) -> Iterator[Envelope[Any]]:
    """Yield what tells of memories, of one scope or of all, in the order of the log; no repeats."""
    count = log.partitions(MEMORY.name)
    places = range(count) if scope is None else [partition_of(scope.encode(), count)]
    for partition in places:
        seen: set[str] = set()
        span = log.span(MEMORY.name, partition)
        for records in log.read(MEMORY.name, partition, span.first, span.end):
            for record in records:
                with suppress(Poison):  # the runner parks it
                    if wire.codec.kind_of(record.value) not in kinds:
                        continue
                    envelope = wire.open(record)
                    if envelope.event_id in seen or scope not in (None, envelope.key):
                        continue
                    seen.add(envelope.event_id)
                    yield envelope


def remembered(events: Iterator[Envelope[Any]]) -> Mapping[MemoryId, Remembered]:
    """Fold what was told into every memory there ever was, in the order they were recorded."""
    found: dict[MemoryId, Remembered] = {}
    for envelope in events:
        event = envelope.event
        match event:
            case m.MemoryRecorded(memory_id=known):
                found[known] = Remembered(event, ScopeId(envelope.key))
            case m.MemorySuperseded(memory_id=known, by=by) if known in found:
                found[known] = found[known]._replace(fate=Fate.SUPERSEDED, by=by)
            case m.MemoryForgotten(memory_id=known) if known in found:
                found[known] = found[known]._replace(fate=Fate.FORGOTTEN)
            case m.MemoryExpired(memory_id=known) if known in found:
                found[known] = found[known]._replace(fate=Fate.EXPIRED)
            case _:
                pass
    return found


def unperceived(log: EventLog, wire: Wire, encoder: str) -> list[Unperceived]:
    """Return the memories that hold and have no vector of an encoder, in the order of the log."""
    seen: set[MemoryId] = set()
    telling: list[Envelope[Any]] = []
    for envelope in told(log, wire, kinds=(*TOLD, m.MemoryPerceived)):
        if not isinstance(envelope.event, m.MemoryPerceived):
            telling.append(envelope)
        elif envelope.event.encoder == encoder:
            seen.add(envelope.event.memory_id)
    return [
        Unperceived(known.scope, _request(known.recorded, encoder))
        for memory_id, known in remembered(iter(telling)).items()
        if known.fate is Fate.HOLDS and memory_id not in seen
    ]


def _request(recorded: m.MemoryRecorded, encoder: str) -> m.PerceptionRequested:
    return m.PerceptionRequested(
        memory_id=recorded.memory_id,
        content=recorded.content,
        encoder=encoder,
        place=recorded.place,
        offered_by=recorded.offered_by,
        since_ms=recorded.since_ms,
        expires_at_ms=recorded.expires_at_ms,
    )


def history(memory_id: MemoryId, events: list[Envelope[Any]]) -> list[Envelope[Any]]:
    """Return all that concerns a memory, what it superseded and what superseded it, in order.

    What it was only held against is named, and its own history is not told.
    """
    family = {memory_id}
    while True:
        grown = family | {
            name
            for event in events
            if not isinstance(event.event, PAIRED)
            for name in _names(event.event, family)
        }
        if grown == family:
            break
        family = grown
    return [event for event in events if _names(event.event, family)]


def _names(event: Any, family: set[MemoryId]) -> set[MemoryId]:
    """Return the memories that an event names, if one of them is of the family."""
    names = {event.memory_id}
    if isinstance(event, m.MemorySuperseded):
        names.add(event.by)
    if isinstance(event, m.MemoryMerged):
        names.add(event.merged_id)
    if isinstance(event, PAIRED):
        names.add(event.other_id)
    return names if names & family else set()
