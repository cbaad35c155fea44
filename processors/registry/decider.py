"""Which capabilities there are: an offer that says something new makes a new version."""

from dataclasses import dataclass
from typing import assert_never

from streams.decider import NO_GRID, Decider
from streams.envelope import Envelope
from streams.events.registry import (
    CapabilityOffered,
    CapabilityRefused,
    CapabilityRegistered,
    CapabilityWithdrawn,
    Card,
    WithdrawalRequested,
)
from streams.ids import ProcessorName
from streams.topics import REGISTRY

POLICIES = frozenset({"single"})

Inputs = CapabilityOffered | WithdrawalRequested
Decided = CapabilityRegistered | CapabilityRefused | CapabilityWithdrawn


@dataclass(frozen=True, slots=True)
class Entry:
    """What is registered under a capability's name; no card is nothing yet, or nothing any more."""

    version: int = 0
    card: Card | None = None


def decide(state: Entry, cause: Envelope[Inputs], _: None) -> tuple[Decided, ...]:
    """Register what is new and complete, and withdraw what is there."""
    match cause.event:
        case CapabilityOffered(card=card):
            return () if card == state.card else (_considered(state, cause.key, card),)
        case WithdrawalRequested(reason=reason):
            if state.card is None:
                return ()
            return (CapabilityWithdrawn(version=state.version + 1, reason=reason),)
        case _:
            assert_never(cause.event)


def _considered(state: Entry, name: str, card: Card) -> Decided:
    if not card.description.strip():
        detail = f"{name} does not say what it is for; the router would never choose it"
        return CapabilityRefused(reason="no_description", detail=detail)
    if card.policy not in POLICIES:
        detail = f"{card.policy!r} is none of {', '.join(sorted(POLICIES))}"
        return CapabilityRefused(reason="unknown_policy", detail=detail)
    if (card.cost or 0) < 0 or (card.latency_ms or 0) < 0:
        detail = f"cost {card.cost} and latency {card.latency_ms} ms cannot be below 0"
        return CapabilityRefused(reason="bad_estimate", detail=detail)
    return CapabilityRegistered(version=state.version + 1, card=card)


def evolve(state: Entry, event: Decided) -> Entry:
    """Keep the newest version."""
    match event:
        case CapabilityRegistered(version=version, card=card):
            return Entry(version, card)
        case CapabilityWithdrawn(version=version):
            return Entry(version)
        case CapabilityRefused():
            return state
        case _:
            assert_never(event)


REGISTRY_DECIDER: Decider[Entry, Inputs, Decided, None] = Decider(
    name=ProcessorName("registry"),
    version=3,
    topic=REGISTRY,
    reads=(CapabilityOffered, WithdrawalRequested),
    writes=(CapabilityRegistered, CapabilityRefused, CapabilityWithdrawn),
    initial=Entry(),
    decide=decide,
    evolve=evolve,
    grid=NO_GRID,
)
