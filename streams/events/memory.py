"""What a scope is told and what it remembers; the key of every event is the scope."""

from dataclasses import dataclass
from enum import StrEnum
from typing import get_args

from streams.events.vector import Vector
from streams.ids import EventId, MemoryId, ModelName, ScopeId

#: The origin of memories that were recorded before origins were.
UNKNOWN = EventId("")


class Kind(StrEnum):
    """What sort of thing is remembered."""

    PASSAGE = "passage"
    TURN = "turn"
    FACT = "fact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Something worth remembering, with where it stands and who said it.

    `uri` and `section` locate a passage in its document; `speaker` and `said_at_ms` (Unix time)
    belong to turns of a conversation. `key` is what a fact is about, as `subject.attribute`: of
    two facts of one key only the newer holds.
    """

    kind: Kind
    text: str
    title: str
    uri: str
    section: str
    speaker: str
    said_at_ms: int | None
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOffered:
    """Someone asks the scope to remember, for `ttl_ms` from now on or for good."""

    content: Content
    ttl_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRecorded:
    """The scope remembers this from now on.

    `place` counts what the scope recorded, so that neighbours are known; `offered_by` is the event
    it comes from; it holds since `since_ms` and, if at all, until `expires_at_ms` (Unix time).
    """

    memory_id: MemoryId
    content: Content
    place: int = 0
    offered_by: EventId = UNKNOWN
    since_ms: int = 0
    expires_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryMerged:
    """What was offered says in the same words what a memory says; that one stands for both.

    `merged_id` is the id that the offer would have had, `since_ms` when either was said last (Unix
    time): the memory is as new as that.
    """

    memory_id: MemoryId
    merged_id: MemoryId
    content: Content
    offered_by: EventId
    since_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySuperseded:
    """A memory no longer holds, because another says it anew; `key` is empty if it only renews.

    `judgement` is the judgement that says so, empty where the key or the words do.
    """

    memory_id: MemoryId
    by: MemoryId
    key: str
    judgement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgettingRequested:
    """Someone asks the scope to forget a memory; `reason` is in their words."""

    memory_id: MemoryId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryForgotten:
    """A memory is recalled no more; what was said about it before stays in the log."""

    memory_id: MemoryId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryExpired:
    """The time a memory was to be kept for is over; first noticed at the scope's next event."""

    memory_id: MemoryId
    expired_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRefused:
    """The scope will not remember it, or has nothing to forget; `reason` is a code."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptionRequested:
    """A memory, as it was recorded, is to be perceived by an encoder that has not seen it."""

    memory_id: MemoryId
    content: Content
    encoder: str
    place: int
    offered_by: EventId
    since_ms: int
    expires_at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPerceived:
    """A memory with its vector (`float32[n]`, little-endian, length 1): all that an index needs."""

    memory_id: MemoryId
    content: Content
    encoder: str
    vector: Vector
    place: int = 0
    offered_by: EventId = UNKNOWN
    since_ms: int = 0
    expires_at_ms: int | None = None


class Relation(StrEnum):
    """How a memory stands to an older one: it says the same, replaces it, or neither."""

    SAME = "same"
    REPLACES = "replaces"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """A memory of the same scope that is near by meaning; `cosine` is rounded to six places."""

    memory_id: MemoryId
    cosine: float
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class LikenessFound:
    """A memory is near others; nothing follows from that alone.

    `judge` is the model that may say what does, empty if none is configured.
    """

    memory_id: MemoryId
    content: Content
    like: tuple[Like, ...]
    judge: ModelName


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeProposed:
    """A memory seems to say what an older one says; both hold until someone says so."""

    memory_id: MemoryId
    other_id: MemoryId
    cosine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementRequested:
    """A model is to say how a memory stands to an older one (`other`)."""

    judgement_id: str
    model: ModelName
    memory_id: MemoryId
    other_id: MemoryId
    content: Content
    other: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementMade:
    """The model said so, in the words `said`."""

    judgement_id: str
    memory_id: MemoryId
    other_id: MemoryId
    relation: Relation
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementFailed:
    """Nobody knows how the two stand to each other, so both hold; `reason` is a code."""

    judgement_id: str
    memory_id: MemoryId
    other_id: MemoryId
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallJudged:
    """Someone says which memories answered a question to these scopes: what recall learns from."""

    question: str
    scopes: tuple[ScopeId, ...]
    useful: tuple[MemoryId, ...]


MemoryEvent = (
    MemoryOffered
    | MemoryRecorded
    | MemoryMerged
    | MemorySuperseded
    | ForgettingRequested
    | MemoryForgotten
    | MemoryExpired
    | MemoryRefused
    | PerceptionRequested
    | MemoryPerceived
    | LikenessFound
    | MergeProposed
    | JudgementRequested
    | JudgementMade
    | JudgementFailed
    | RecallJudged
)

EVENTS: tuple[type, ...] = get_args(MemoryEvent)
