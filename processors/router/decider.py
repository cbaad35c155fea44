"""Who answers a request: the capability it most likely means, or the one asked for by name.

A name is obeyed at once; everything else waits for the request's vector. A request is routed once.
"""

from dataclasses import dataclass
from typing import assert_never

from processors.router.meaning import Choice, choose, sparing
from processors.router.table import AUTOMATIC, TABLE, Facts, Table
from processors.router.words import asking, because, refusing
from streams.decider import Decider
from streams.envelope import Envelope
from streams.events.sessions import (
    ClarificationAsked,
    RequestReceived,
    RequestRefused,
    RequestRouted,
    TextPerceived,
)
from streams.events.tuning import Unsure, Weigh
from streams.ids import CapabilityId, ProcessorName, RunId
from streams.topics import SESSIONS
from streams.values import maker

__all__ = ["AUTOMATIC", "ROUTER", "Facts", "Routing"]

#: A session remembers this many of its runs as routed, for requests and vectors that come late.
REMEMBERED = 16
#: As many does the client of an unsure router have to choose from.
ASKED = 3

Inputs = RequestReceived | TextPerceived
Decided = RequestRouted | RequestRefused | ClarificationAsked


@dataclass(frozen=True, slots=True)
class Routing:
    """The runs of a session that were decided, the latest last, and what it was about last."""

    done: tuple[RunId, ...] = ()
    capability: CapabilityId | None = None
    focus: bytes = b""


_routing = maker(Routing)


def decide(state: Routing, cause: Envelope[Inputs], table: Table) -> tuple[Decided, ...]:
    """Route a request: by name when it is received, by meaning when it is perceived."""
    event = cause.event
    if event.run_id in state.done:
        return ()
    match event:
        case RequestReceived(model=name):
            return () if name == AUTOMATIC else (_by_name(event, table),)
        case TextPerceived():
            return (_by_meaning(state, event, table),)
        case _:
            assert_never(event)


def _by_name(event: RequestReceived, table: Table) -> Decided:
    entry = table.named(event.model)
    if entry is None:
        known = ", ".join([AUTOMATIC, *table.names()])
        detail = f"nothing here is called {event.model!r}; known are {known}"
        return RequestRefused(run_id=event.run_id, reason="model_not_found", detail=detail)
    return RequestRouted(
        run_id=event.run_id,
        capability=entry.capability,
        confidence=1.0,
        runner_up=None,
        margin=1.0,
        propensity=1.0,
        router_version=table.version,
        candidates=(),
        reason=f"its client asked for {event.model!r} by name",
    )


def _by_meaning(state: Routing, event: TextPerceived, table: Table) -> Decided:
    judge = table.judge(event.encoder)
    if judge is None:
        detail = f"no capability is known by the encoder {event.encoder}"
        return RequestRefused(run_id=event.run_id, reason="no_capability", detail=detail)
    choice = choose(judge, event, table.threshold, state.capability, state.focus)
    if choice is None:
        detail = f"not a vector of length 1 with {judge.dimensions} numbers by {event.encoder}"
        return RequestRefused(run_id=event.run_id, reason="bad_vector", detail=detail)
    if choice.confidence >= table.threshold or table.unsure is Unsure.NEAREST:
        if table.weigh is not Weigh.NOTHING:
            choice = sparing(choice, table.takes, table.within)
        return _routed(event.run_id, choice, table)
    if table.unsure is Unsure.ASK:
        nearest = choice.candidates[:ASKED]
        return ClarificationAsked(
            run_id=event.run_id,
            text=asking([table.entries.get(c.capability) for c in nearest]),
            confidence=choice.confidence,
            router_version=table.version,
            candidates=nearest,
        )
    return RequestRefused(
        run_id=event.run_id,
        reason="none_of_these",
        detail=refusing(choice, table.threshold),
        confidence=choice.confidence,
        router_version=table.version,
        candidates=choice.candidates,
    )


def _routed(run_id: RunId, choice: Choice, table: Table) -> RequestRouted:
    best, *others = choice.candidates
    second = others[0] if others else None
    return RequestRouted(
        run_id=run_id,
        capability=best.capability,
        confidence=choice.confidence,
        runner_up=second.capability if second else None,
        margin=round(best.score - second.score, 6) if second else 1.0,
        propensity=1.0,  # nothing is left to chance: exploring live cost more than it taught
        router_version=table.version,
        candidates=choice.candidates,
        reason=because(choice, table.weigh),
        focus=choice.focus,
    )


def evolve(state: Routing, event: Decided) -> Routing:
    """Remember that the run is decided, and what the session is about."""
    done = (*state.done, event.run_id)[-REMEMBERED:]
    match event:
        case RequestRouted(capability=capability, focus=focus):
            return _routing(done, capability, focus)
        case RequestRefused() | ClarificationAsked():
            return _routing(done, state.capability, state.focus)
        case _:
            assert_never(event)


ROUTER: Decider[Routing, Inputs, Decided, Table] = Decider(
    name=ProcessorName("router"),
    version=5,
    topic=SESSIONS,
    reads=(RequestReceived, TextPerceived),
    writes=(RequestRouted, RequestRefused, ClarificationAsked),
    initial=Routing(),
    decide=decide,
    evolve=evolve,
    grid=TABLE,
    looks_at={
        RequestRouted: ("run_id", "capability", "focus"),
        RequestRefused: ("run_id",),
        ClarificationAsked: ("run_id",),
    },
)
