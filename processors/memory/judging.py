"""What follows when memories are near each other: a proposal, a question to a model, its answer.

Nearness decides nothing. Only a judgement that was asked for lets a memory go, and only one that
holds in the scope that asked.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from processors.memory.scope import Scope
from streams.events.memory import (
    Content,
    JudgementMade,
    JudgementRequested,
    Kind,
    Like,
    LikenessFound,
    MemorySuperseded,
    MergeProposed,
    Relation,
)
from streams.ids import MemoryId, derived

#: From this cosine on two texts of the same numbers are taken for one thing said twice.
DUPLICATE_MIN = 0.9
#: So many of the nearest are judged; those below are about something else.
JUDGED_MAX, JUDGED_MIN = 3, 0.5

_NUMBER = re.compile(r"\d+")


class _Pair(NamedTuple):
    """Two memories of a scope, the newer first."""

    memory_id: MemoryId
    other_id: MemoryId
    content: Content
    other: Content
    cosine: float


def consider(state: Scope, event: LikenessFound) -> tuple[MergeProposed | JudgementRequested, ...]:
    """Propose to merge what seems to be said twice, and let the judge look at facts, if any."""
    pairs = list(_pairs(state, event))
    proposed = tuple(
        MergeProposed(memory_id=p.memory_id, other_id=p.other_id, cosine=p.cosine)
        for p in pairs
        if _seems_repeated(p)
    )
    if not event.judge:
        return proposed
    facts = [p for p in pairs if _is_judged(state, p)][:JUDGED_MAX]
    return (*proposed, *(_question(p, event) for p in facts))


def settle(state: Scope, event: JudgementMade) -> tuple[MemorySuperseded, ...]:
    """Let go of what a judgement says is said by, or replaced by, the other."""
    newer, older = event.memory_id, event.other_id
    if event.relation is Relation.DIFFERENT or not (state.is_live(newer) and state.is_live(older)):
        return ()
    if older not in state.kept(newer).asked:
        return ()  # nobody asked for it
    gone, by = older, newer
    if event.relation is Relation.SAME and not _outlives(state, newer, older):
        gone, by = newer, older
    key = state.kept(gone).key
    return (MemorySuperseded(memory_id=gone, by=by, key=key, judgement=event.judgement_id),)


def _pairs(state: Scope, event: LikenessFound) -> Iterator[_Pair]:
    """Yield what holds and has no key that settles it, the nearest first."""
    known = event.memory_id
    if not state.is_live(known):
        return
    for like in sorted(event.like, key=lambda like: (-like.cosine, like.memory_id)):
        is_settled = bool(event.content.key and like.content.key)
        if like.memory_id == known or not state.is_live(like.memory_id) or is_settled:
            continue
        yield _ordered(state, event, like)


def _ordered(state: Scope, event: LikenessFound, like: Like) -> _Pair:
    if state.kept(like.memory_id).since_ms > state.kept(event.memory_id).since_ms:
        ids, contents = (like.memory_id, event.memory_id), (like.content, event.content)
    else:
        ids, contents = (event.memory_id, like.memory_id), (event.content, like.content)
    return _Pair(*ids, *contents, like.cosine)


def _seems_repeated(pair: _Pair) -> bool:
    """Whether two facts or passages are so near, and name the same numbers."""
    one, other = pair.content, pair.other
    return (
        pair.cosine >= DUPLICATE_MIN
        and one.kind is other.kind
        and one.kind is not Kind.TURN
        and one.speaker == other.speaker
        and _numbers(one.text) == _numbers(other.text)
    )


def _is_judged(state: Scope, pair: _Pair) -> bool:
    """Whether two facts are near enough to be about the same, and were not judged before."""
    is_fact = pair.content.kind is Kind.FACT and pair.other.kind is Kind.FACT
    asked = state.kept(pair.memory_id).asked
    return is_fact and pair.cosine >= JUDGED_MIN and pair.other_id not in asked


def _question(pair: _Pair, event: LikenessFound) -> JudgementRequested:
    return JudgementRequested(
        judgement_id=derived(pair.memory_id, pair.other_id, "judgement"),
        model=event.judge,
        memory_id=pair.memory_id,
        other_id=pair.other_id,
        content=pair.content,
        other=pair.other,
    )


def _outlives(state: Scope, newer: MemoryId, older: MemoryId) -> bool:
    ends, end = state.kept(older).expires_at_ms, state.kept(newer).expires_at_ms
    return ends is not None and (end is None or end > ends)


def _numbers(text: str) -> list[str]:
    return sorted(_NUMBER.findall(unicodedata.normalize("NFKC", text)))
