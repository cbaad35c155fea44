"""Who answers a request: the capability whose meaning is nearest, or the one asked for by name.

A name is obeyed at once; everything else waits for the request's vector. A request is routed once.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from processors.router.table import AUTOMATIC, TABLE, Table
from streams.decider import Decider
from streams.envelope import Envelope
from streams.events.sessions import (
    Candidate,
    RequestReceived,
    RequestRefused,
    RequestRouted,
    TextPerceived,
)
from streams.ids import ProcessorName, RunId
from streams.topics import SESSIONS

#: A session remembers this many of its runs as routed, for requests and vectors that come late.
REMEMBERED = 16
CANDIDATES_MAX = 5

Inputs = RequestReceived | TextPerceived
Decided = RequestRouted | RequestRefused


@dataclass(frozen=True, slots=True)
class Routing:
    """The runs of a session that were routed or refused, the latest last."""

    done: tuple[RunId, ...] = ()


def decide(state: Routing, cause: Envelope[Inputs], table: Table) -> tuple[Decided, ...]:
    """Route a request: by name when it is received, by meaning when it is perceived."""
    event = cause.event
    if event.run_id in state.done:
        return ()
    match event:
        case RequestReceived(model=name):
            return () if name == AUTOMATIC else (_by_name(event, table),)
        case TextPerceived():
            return (_by_meaning(event, table),)
        case _:
            assert_never(event)


def _by_name(event: RequestReceived, table: Table) -> Decided:
    entry = table.named(event.model)
    if entry is None:
        known = ", ".join([AUTOMATIC, *(e.capability for e in table.entries)])
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


def _by_meaning(event: TextPerceived, table: Table) -> Decided:
    candidates = table.scores(event.vector, event.encoder)
    if not candidates:
        detail = f"no capability is known by the encoder {event.encoder}"
        return RequestRefused(run_id=event.run_id, reason="no_capability", detail=detail)
    best = candidates[0]
    second = candidates[1] if len(candidates) > 1 else None
    return RequestRouted(
        run_id=event.run_id,
        capability=best.capability,
        confidence=max(0.0, best.score),
        runner_up=second.capability if second else None,
        margin=round(best.score - second.score, 6) if second else 1.0,
        propensity=1.0,
        router_version=table.version,
        candidates=tuple(candidates[:CANDIDATES_MAX]),
        reason=_words(best, second),
    )


def _words(best: Candidate, second: Candidate | None) -> str:
    if second is None:
        return f"{best.capability} is the only capability"
    return (
        f"nearest to {best.capability} (cosine {best.score:.2f}),"
        f" then {second.capability} ({second.score:.2f})"
    )


def evolve(state: Routing, event: Decided) -> Routing:
    """Remember that the run has its owner, or none."""
    match event:
        case RequestRouted(run_id=run) | RequestRefused(run_id=run):
            return replace(state, done=(*state.done, run)[-REMEMBERED:])
        case _:
            assert_never(event)


ROUTER: Decider[Routing, Inputs, Decided, Table] = Decider(
    name=ProcessorName("router"),
    version=1,
    topic=SESSIONS,
    reads=(RequestReceived, TextPerceived),
    writes=(RequestRouted, RequestRefused),
    initial=Routing(),
    decide=decide,
    evolve=evolve,
    grid=TABLE,
)
