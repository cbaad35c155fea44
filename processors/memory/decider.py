"""What a scope keeps: each content once, whoever offers it; of a fact the newest alone.

A memory's id follows from its scope and content, so the same offer always means the same memory.
What no longer holds is said so by an event of its own; nothing is ever taken back.
"""

from functools import reduce
from typing import NamedTuple, assert_never

from processors.memory.judging import consider, settle
from processors.memory.scope import Kept, Scope, fingerprint
from streams.decider import NO_GRID, Decider
from streams.envelope import Envelope
from streams.events.memory import (
    Content,
    ForgettingRequested,
    JudgementMade,
    JudgementRequested,
    Kind,
    LikenessFound,
    MemoryExpired,
    MemoryForgotten,
    MemoryMerged,
    MemoryOffered,
    MemoryRecorded,
    MemoryRefused,
    MemorySuperseded,
    MergeProposed,
)
from streams.ids import EventId, MemoryId, ProcessorName, derived
from streams.topics import MEMORY

TEXT_MAX = 20_000
KEY_MAX = 200

Inputs = MemoryOffered | ForgettingRequested | LikenessFound | JudgementMade
Decided = (
    MemoryRecorded
    | MemoryMerged
    | MemorySuperseded
    | MemoryForgotten
    | MemoryExpired
    | MemoryRefused
    | MergeProposed
    | JudgementRequested
)


class _Offer(NamedTuple):
    """What would be recorded, and under which id."""

    own: MemoryId
    content: Content
    event_id: EventId
    since_ms: int
    expires_at_ms: int | None


def memory_id(scope: str, content: Content) -> MemoryId:
    """Return the id of some content in a scope; when it was offered does not matter."""
    said = "" if content.said_at_ms is None else content.said_at_ms
    place = (content.uri, content.section, content.speaker, said)
    key = (content.key,) if content.key else ()
    return MemoryId(derived(scope, content.kind.value, *place, *key, content.text))


def decide(state: Scope, cause: Envelope[Inputs], _: None) -> tuple[Decided, ...]:
    """Let go of what has expired, then remember, forget, or weigh what is near each other."""
    now = cause.recorded_at_ms
    expired = tuple(
        MemoryExpired(memory_id=known, expired_at_ms=at) for at, known in state.due(now)
    )
    state = reduce(evolve, expired, state)
    match cause.event:
        case MemoryOffered(content=content, ttl_ms=ttl_ms):
            wrong = _unfit(content, ttl_ms)
            return (*expired, *((wrong,) if wrong else _offer(state, cause, content, ttl_ms)))
        case ForgettingRequested(memory_id=known, reason=reason):
            return (*expired, _forget(state, known, reason))
        case LikenessFound():
            return (*expired, *consider(state, cause.event))
        case JudgementMade():
            return (*expired, *settle(state, cause.event))
        case _:
            assert_never(cause.event)


def _unfit(content: Content, ttl_ms: int | None) -> MemoryRefused | None:
    """Return why some content cannot be remembered."""
    if not content.text.strip():
        return MemoryRefused(reason="empty", detail="there is no text to remember")
    if len(content.text) > TEXT_MAX:
        detail = f"{len(content.text)} characters; at most {TEXT_MAX} are one memory"
        return MemoryRefused(reason="too_long", detail=detail)
    if content.key and not _is_key(content):
        detail = f"{content.key[:80]!r} is no `subject.attribute` of a fact"
        return MemoryRefused(reason="bad_key", detail=detail)
    if ttl_ms is not None and ttl_ms <= 0:
        return MemoryRefused(reason="bad_ttl", detail=f"{ttl_ms} ms would be over at once")
    return None


def _is_key(content: Content) -> bool:
    subject, dot, attribute = content.key.rpartition(".")
    named = bool(subject.strip() and dot and attribute.strip())
    return content.kind is Kind.FACT and named and len(content.key) <= KEY_MAX


def _offer(
    state: Scope, cause: Envelope[Inputs], content: Content, ttl_ms: int | None
) -> tuple[Decided, ...]:
    """Record what is new, merge what is said already, and let the newer fact hold."""
    offer = _Offer(
        own=memory_id(cause.key, content),
        content=content,
        event_id=cause.event_id,
        since_ms=cause.recorded_at_ms if content.said_at_ms is None else content.said_at_ms,
        expires_at_ms=None if ttl_ms is None else cause.recorded_at_ms + ttl_ms,
    )
    known = state.saying(fingerprint(content))
    if known is not None:
        return _say_again(state, offer, known)
    if offer.own in state.memories and _is_outdated(state, content.key, offer.since_ms):
        return ()
    recorded = _recorded(state, offer)
    return (recorded, *_settle(state, recorded))


def _say_again(state: Scope, offer: _Offer, known: MemoryId) -> tuple[Decided, ...]:
    """Merge an offer into what says the same, or renew that; which is as new as the newer of both.

    What is said in the very same way says nothing new, but that a fact of a key still holds.
    """
    kept = state.kept(known)
    newest = offer._replace(since_ms=max(offer.since_ms, kept.since_ms))
    if _outlasts(offer.expires_at_ms, kept):
        recorded = _recorded(state, newest)
        return (recorded, _superseded(known, recorded.memory_id, offer.content.key))
    holds_later = bool(offer.content.key) and offer.since_ms > kept.since_ms
    if offer.own in state.memories and not holds_later:
        return ()
    merged = MemoryMerged(
        memory_id=known,
        merged_id=offer.own,
        content=offer.content,
        offered_by=offer.event_id,
        since_ms=newest.since_ms,
    )
    return (merged,)


def _recorded(state: Scope, offer: _Offer) -> MemoryRecorded:
    is_taken = offer.own in state.memories
    return MemoryRecorded(
        memory_id=MemoryId(derived(offer.own, state.count)) if is_taken else offer.own,
        content=offer.content,
        place=state.count,
        offered_by=offer.event_id,
        since_ms=offer.since_ms,
        expires_at_ms=offer.expires_at_ms,
    )


def _outlasts(expires: int | None, kept: Kept) -> bool:
    """Whether what is offered would be remembered for longer than what says the same."""
    if kept.expires_at_ms is None:
        return False
    return expires is None or expires > kept.expires_at_ms


def _is_outdated(state: Scope, key: str, since_ms: int) -> bool:
    """Whether a newer fact about the same holds."""
    holding = state.holding(key) if key else None
    return holding is not None and since_ms < state.kept(holding).since_ms


def _settle(state: Scope, recorded: MemoryRecorded) -> tuple[MemorySuperseded, ...]:
    """Say which of two facts of one key no longer holds: the older, whichever came first."""
    key = recorded.content.key
    holding = state.holding(key) if key else None
    if holding is None:
        return ()
    if _is_outdated(state, key, recorded.since_ms):
        return (_superseded(recorded.memory_id, holding, key),)
    return (_superseded(holding, recorded.memory_id, key),)


def _superseded(known: MemoryId, by: MemoryId, key: str) -> MemorySuperseded:
    return MemorySuperseded(memory_id=known, by=by, key=key)


def _forget(state: Scope, known: MemoryId, reason: str) -> Decided:
    if not state.is_live(known):
        detail = f"{known[:80]!r} is no memory of this scope, or was forgotten before"
        return MemoryRefused(reason="unknown_memory", detail=detail)
    return MemoryForgotten(memory_id=known, reason=reason)


def evolve(state: Scope, event: Decided) -> Scope:
    """Keep what holds, and the names of what did."""
    match event:
        case MemoryRecorded():
            return state.recorded(event)
        case MemoryMerged():
            return state.merged(event)
        case MemorySuperseded(memory_id=known, by=by, key=key):
            return state.without(known).held(key, by)
        case MemoryForgotten(memory_id=known) | MemoryExpired(memory_id=known):
            return state.without(known)
        case JudgementRequested(memory_id=known, other_id=other):
            return state.judged(known, other)
        case MergeProposed() | MemoryRefused():
            return state
        case _:
            assert_never(event)


MEMORY_DECIDER: Decider[Scope, Inputs, Decided, None] = Decider(
    name=ProcessorName("memory"),
    version=4,
    topic=MEMORY,
    reads=(MemoryOffered, ForgettingRequested, LikenessFound, JudgementMade),
    writes=(
        MemoryRecorded,
        MemoryMerged,
        MemorySuperseded,
        MemoryForgotten,
        MemoryExpired,
        MemoryRefused,
        MergeProposed,
        JudgementRequested,
    ),
    initial=Scope(),
    decide=decide,
    evolve=evolve,
    grid=NO_GRID,
)
