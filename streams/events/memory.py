"""What a scope is told and what it remembers; the key of every event is the scope."""

from dataclasses import dataclass
from enum import StrEnum
from typing import get_args

from streams.events.vector import Vector
from streams.ids import MemoryId


class Kind(StrEnum):
    """What sort of thing is remembered."""

    PASSAGE = "passage"
    TURN = "turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Something worth remembering, with where it stands and who said it.

    `uri` and `section` locate a passage in its document; `speaker` and `said_at_ms` (Unix time)
    belong to turns of a conversation.
    """

    kind: Kind
    text: str
    title: str
    uri: str
    section: str
    speaker: str
    said_at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOffered:
    """Someone asks the scope to remember."""

    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRecorded:
    """The scope remembers this from now on."""

    memory_id: MemoryId
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRefused:
    """The scope will not remember it; `reason` is a code."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPerceived:
    """A memory with its vector (`float32[n]`, little-endian, length 1): all that an index needs."""

    memory_id: MemoryId
    content: Content
    encoder: str
    vector: Vector


MemoryEvent = MemoryOffered | MemoryRecorded | MemoryRefused | MemoryPerceived

EVENTS: tuple[type, ...] = get_args(MemoryEvent)
