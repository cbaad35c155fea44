"""Which capabilities there are: an offer that says something new makes a new version."""

from dataclasses import dataclass
from typing import assert_never

from streams.decider import NO_GRID, Decider
from streams.envelope import Envelope
from streams.events.registry import (
    CapabilityOffered,
    CapabilityRefused,
    CapabilityRegistered,
    Card,
)
from streams.ids import ProcessorName
from streams.topics import REGISTRY

POLICIES = frozenset({"single"})

Decided = CapabilityRegistered | CapabilityRefused


@dataclass(frozen=True, slots=True)
class Entry:
    """What is registered under a capability's name; version 0 is nothing yet."""

    version: int = 0
    card: Card | None = None


def decide(state: Entry, cause: Envelope[CapabilityOffered], _: None) -> tuple[Decided, ...]:
    """Register what is new and complete."""
    card = cause.event.card
    if card == state.card:
        return ()
    if not card.description.strip():
        detail = f"{cause.key} does not say what it is for; the router would never choose it"
        return (CapabilityRefused(reason="no_description", detail=detail),)
    if card.policy not in POLICIES:
        detail = f"{card.policy!r} is none of {', '.join(sorted(POLICIES))}"
        return (CapabilityRefused(reason="unknown_policy", detail=detail),)
    if (card.cost or 0) < 0 or (card.latency_ms or 0) < 0:
        detail = f"cost {card.cost} and latency {card.latency_ms} ms cannot be below 0"
        return (CapabilityRefused(reason="bad_estimate", detail=detail),)
    return (CapabilityRegistered(version=state.version + 1, card=card),)


def evolve(state: Entry, event: Decided) -> Entry:
    """Keep the newest version."""
    match event:
        case CapabilityRegistered(version=version, card=card):
            return Entry(version, card)
        case CapabilityRefused():
            return state
        case _:
            assert_never(event)


REGISTRY_DECIDER: Decider[Entry, CapabilityOffered, Decided, None] = Decider(
    name=ProcessorName("registry"),
    version=2,
    topic=REGISTRY,
    reads=(CapabilityOffered,),
    writes=(CapabilityRegistered, CapabilityRefused),
    initial=Entry(),
    decide=decide,
    evolve=evolve,
    grid=NO_GRID,
)
