"""When a model that does not answer is left alone, when it is tried again, and when it is back.

What became of its calls is a fact of the partition: the last minute of it is what this rests on.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from processors.healing.policy import NOTHING_ALLOWED
from streams.decider import Decider, Projection
from streams.envelope import Envelope
from streams.events.healing import (
    Action,
    BreakerClosed,
    BreakerOpened,
    CallsCounted,
    HealingPolicySet,
    HealingRefused,
)
from streams.ids import ProcessorName
from streams.pmap import PMap
from streams.topics import OBSERVATIONS

WINDOW_MS = 60_000
#: What is not allowed is said again after this.
SAID_AGAIN_MS = 3_600_000

Decided = BreakerOpened | BreakerClosed | HealingRefused


@dataclass(frozen=True, slots=True)
class Breaker:
    """Whether a model is left alone, since when and until when; calls count from `fresh_ms` on."""

    since_ms: int | None = None
    until_ms: int = 0
    fresh_ms: int = 0
    refused_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of calls up to a time."""

    at_ms: int
    answered: int
    failed: int


@dataclass(frozen=True, slots=True)
class Calls:
    """The policy in force, and by target the calls of the last minute."""

    policy: HealingPolicySet
    counts: PMap[tuple[Counts, ...]]


NO_CALLS = Calls(NOTHING_ALLOWED, PMap())


def learn(known: Calls, event: HealingPolicySet | CallsCounted) -> Calls:
    """Return what is known after another policy, or after some more calls."""
    match event:
        case HealingPolicySet():
            return replace(known, policy=event)
        case CallsCounted(target=target, at_ms=at_ms):
            before = known.counts.get(target) or ()
            kept = tuple([each for each in before if at_ms - each.at_ms < WINDOW_MS])
            more = Counts(at_ms, event.answered, event.failed)
            return replace(known, counts=known.counts.put(target, (*kept, more)))
        case _:
            assert_never(event)


def decide(state: Breaker, cause: Envelope[CallsCounted], known: Calls) -> tuple[Decided, ...]:
    """Open when too many calls failed; once the time is over, what a trial says counts."""
    counted, policy = cause.event, known.policy
    if state.since_ms is None:
        return _opened(state, counted, known)
    if not policy.breakers:
        return (_closed(counted, state.since_ms, "breakers are no longer allowed"),)
    if counted.at_ms < state.until_ms:
        return ()  # calls that were on their way
    if counted.failed:
        return (_open(counted, policy, state.since_ms, Counts(0, 0, counted.failed), "a trial"),)
    if counted.answered:
        return (_closed(counted, state.since_ms, "a trial was answered"),)
    return ()


def evolve(state: Breaker, event: Decided) -> Breaker:
    """Remember until when it is left alone."""
    match event:
        case BreakerOpened(since_ms=since_ms, until_ms=until_ms):
            return Breaker(since_ms, until_ms)
        case BreakerClosed(at_ms=at_ms):
            return Breaker(fresh_ms=at_ms)
        case HealingRefused(at_ms=at_ms):
            return replace(state, refused_ms=at_ms)
        case _:
            assert_never(event)


def _opened(state: Breaker, counted: CallsCounted, known: Calls) -> tuple[Decided, ...]:
    """Return what follows from the last minute, if it is bad enough."""
    policy, at_ms = known.policy, counted.at_ms
    counts = [c for c in known.counts.get(counted.target) or () if c.at_ms > state.fresh_ms]
    answered, failed = sum(c.answered for c in counts), sum(c.failed for c in counts)
    calls = answered + failed
    if not counted.failed or calls < policy.calls_min or failed < policy.failed_share * calls:
        return ()
    if policy.breakers:
        minute = Counts(at_ms, answered, failed)
        return (_open(counted, policy, at_ms, minute, f"{failed} of {calls} calls"),)
    if state.refused_ms is not None and at_ms - state.refused_ms < SAID_AGAIN_MS:
        return ()
    return (
        HealingRefused(
            action=Action.BREAK,
            target=counted.target,
            at_ms=at_ms,
            reason="not_allowed",
            detail=f"{failed} of {calls} calls failed, and breakers are not allowed",
        ),
    )


def _open(
    counted: CallsCounted, policy: HealingPolicySet, since_ms: int, counts: Counts, what: str
) -> BreakerOpened:
    return BreakerOpened(
        target=counted.target,
        at_ms=counted.at_ms,
        until_ms=counted.at_ms + round(policy.open_s * 1000),
        since_ms=since_ms,
        calls=counts.answered + counts.failed,
        failed=counts.failed,
        reason=f"{what} failed",
    )


def _closed(counted: CallsCounted, since_ms: int, reason: str) -> BreakerClosed:
    return BreakerClosed(
        target=counted.target, at_ms=counted.at_ms, since_ms=since_ms, reason=reason
    )


BREAKER: Decider[Breaker, CallsCounted, Decided, Calls] = Decider(
    name=ProcessorName("breaker"),
    version=1,
    topic=OBSERVATIONS,
    reads=(CallsCounted,),
    writes=(BreakerOpened, BreakerClosed, HealingRefused),
    initial=Breaker(),
    decide=decide,
    evolve=evolve,
    grid=Projection(reads=(HealingPolicySet, CallsCounted), initial=NO_CALLS, evolve=learn),
)
