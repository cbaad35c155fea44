"""Fork: a run told again from some event on, with one thing changed; the original is untouched.

What came before is shared. What comes after is decided anew, and effects are answered from the
record where the request is the same; where it is not, a stand-in is left and marked. Time passes as
it did: an effect takes as long as was recorded, all else as its processor took in the run.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count
from statistics import median_low
from typing import Any, NamedTuple

from replay.change import changed
from replay.grid import own
from replay.past import Past, Standpoint
from replay.recorded import Outside, Recorded, plain_of
from streams.effects import EffectClass
from streams.envelope import CAUSATION, PROCESSOR, Envelope, author_of
from streams.errors import EffectDuringReplay, Misconfigured, Poison
from streams.ids import EventId, ProcessorName, RunId, derived, of_decision
from streams.plain import text_of

STEPS_MAX = 10_000


class How(StrEnum):
    """Where an event of a fork comes from."""

    SHARED = "shared"
    CHANGED = "changed"
    DECIDED = "decided"
    RECORDED = "recorded"
    STUBBED = "stubbed"
    LIVE = "live"


class Step(NamedTuple):
    """One event of a fork."""

    envelope: Envelope[Any]
    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Where a fork leaves its run, and what is changed there: dotted paths and plain values.

    Those of the grid's facts (`@grid`) were changed in the past that is forked.
    """

    at: EventId
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked:
    """A fork: `steps` are the events of its run in order, those that it shares among them."""

    fork_id: RunId
    origin: RunId
    branch: Branch
    steps: tuple[Step, ...]

    @property
    def events(self) -> list[Envelope[Any]]:
        """The events alone."""
        return [step.envelope for step in self.steps]

    def count(self, how: How) -> int:
        """Say how many events came about in some way."""
        return sum(step.how is how for step in self.steps)


#: Calls an effect for real; only where somebody asked for it, and never an unrepeatable one.
Perform = Callable[[Outside, Envelope[Any]], Any]


class Forker(NamedTuple):
    """Forks runs with the record of their effects."""

    recorded: Recorded
    perform: Perform | None = None

    def otherwise(self, effect: Outside, cause: Envelope[Any]) -> tuple[Any, How]:
        """Return what stands where the record is silent. Raises PermissionError if nothing may."""
        if self.perform is None:
            return effect.missing(cause), How.STUBBED
        if effect.safety is EffectClass.UNREPEATABLE:
            raise PermissionError(f"{effect.name} cannot be undone, so no fork may call it")
        return self.perform(effect, cause), How.LIVE

    def fork(self, past: Past, branch: Branch) -> Forked:
        """Tell a run again. Raises Misconfigured if it cannot branch there or be changed so."""
        at = next((n for n, e in enumerate(past.stream) if e.event_id == branch.at), None)
        if at is None:
            raise Misconfigured(
                f"run {past.name} has no event {branch.at}", fix="see `aether run show`"
            )
        asked = derived("fork", past.name, branch.at, text_of(dict(branch.changes)))
        first = past.stream[at]
        told = changed(first.event, own(branch.changes))
        renamed = first._replace(event=told, event_id=EventId(derived(asked, first.event_id)))
        prefix = [Step(envelope, How.SHARED) for envelope in past.stream[:at]]
        stage = _Stage(self, past, {**past.instead, first.event_id: renamed.event_id})
        steps = stage.play([*prefix, Step(renamed, How.CHANGED)])
        kept = tuple(s for s in steps if s.envelope.run_id == past.run_id)
        news = list(_news(past, kept))
        fork_id = RunId(derived(asked, *news) if news else asked)
        return Forked(fork_id=fork_id, origin=past.name, branch=branch, steps=kept)


class _Stage:
    """One fork under way: a stream in memory that deciders and the record append to."""

    def __init__(self, forker: Forker, past: Past, instead: Mapping[EventId, EventId]) -> None:
        self._forker = forker
        self._instead = instead
        self._known: dict[EventId, Envelope[Any]] = {}
        self._pace = pace = paces(past.stream)
        self._minds = [
            _Mind(point, past.key, pace.get(point.decider.name, 0)) for point in past.standpoints
        ]

    def play(self, steps: Sequence[Step]) -> list[Step]:
        """Hear what was told in turn, then what comes of it in order of time, until all is over."""
        self._known = {step.envelope.event_id: step.envelope for step in steps}
        for decided, told in self._instead.items():
            if told in self._known:  # else the branch lies before it
                self._known[decided] = self._known[told]
        heard, later, turn = list[Step](), list[tuple[int, int, Step]](), count()

        def hear(step: Step) -> None:
            heard.append(step)
            for new in self._consider(step.envelope):
                heappush(later, (new.envelope.recorded_at_ms, next(turn), new))

        for step in steps:
            hear(step)
        while later:
            if len(heard) > STEPS_MAX:
                raise Misconfigured(f"the fork does not end within {STEPS_MAX} events")
            hear(heappop(later)[2])
        return heard

    def _consider(self, cause: Envelope[Any]) -> Iterator[Step]:
        for mind in self._minds:
            yield from self._decide(mind, cause)
        for effect in self._forker.recorded.effects:
            if isinstance(cause.event, effect.reads):
                yield from self._answer(effect, cause)

    def _decide(self, mind: "_Mind", cause: Envelope[Any]) -> Iterable[Step]:
        fresh = mind.decide(cause)
        mind.keep(cause.key, [self._known.get(e.event_id, e).event for e in fresh])
        for envelope in fresh:
            if envelope.event_id not in self._known:
                self._known[envelope.event_id] = envelope
                yield Step(envelope, How.DECIDED)

    def _answer(self, effect: Outside, cause: Envelope[Any]) -> Iterable[Step]:
        event_id = of_decision(cause.event_id, effect.name, 0)
        if event_id in self._known:
            return
        try:
            outcome = self._forker.recorded.outcome(effect, cause)
            event, took, how = outcome.event, outcome.milliseconds, How.RECORDED
        except EffectDuringReplay:
            event, how = self._forker.otherwise(effect, cause)
            took = self._pace.get(effect.name, 0)
        envelope = _made(cause, effect.name, 0, 0, event, took)
        self._known[event_id] = envelope
        yield Step(envelope, how)


def _news(past: Past, steps: Iterable[Step]) -> Iterator[str]:
    """Yield what a fork owes to more than its past and its change.

    Asked again it may come to something else, with other answers or later deciders: so these are
    part of its id, and no fork is hidden behind one that was told otherwise.
    """
    signed = {envelope.head.get(PROCESSOR) for envelope in past.stream}
    recorded = [envelope.event for envelope in past.stream]
    for envelope, how in steps:
        signature = envelope.head.get(PROCESSOR, b"")
        if how is How.DECIDED and signature not in signed:
            yield signature.decode()
        elif how in (How.RECORDED, How.LIVE) and envelope.event not in recorded:
            yield text_of(plain_of(envelope.event))


def paces(stream: Sequence[Envelope[Any]]) -> Mapping[ProcessorName, int]:
    """Return how many milliseconds each processor took from a cause to what it made of it."""
    told = {envelope.event_id: envelope.recorded_at_ms for envelope in stream}
    took: dict[ProcessorName, list[int]] = {}
    for envelope in stream:
        author, cause = author_of(envelope.head), envelope.cause_id
        if author is not None and cause in told:
            took.setdefault(author, []).append(max(0, envelope.recorded_at_ms - told[cause]))
    return {author: median_low(times) for author, times in took.items()}


def _made(
    cause: Envelope[Any], author: ProcessorName, version: int, step: int, event: Any, took: int
) -> Envelope[Any]:
    """Return what came of a cause, so long after it; it stands at no offset of the log."""
    head = {
        CAUSATION: cause.event_id.encode(),
        PROCESSOR: f"{author}/{version}".encode(),
    }
    return cause._replace(
        event=event,
        event_id=of_decision(cause.event_id, author, step),
        offset=-1,
        recorded_at_ms=cause.recorded_at_ms + took,
        head=head,
    )


class _Mind:
    """A decider in a fork: it takes in what is said to have been decided, also where it was not."""

    def __init__(self, point: Standpoint, key: str, pace: int) -> None:
        self._decider = point.decider
        self._pace = pace
        self._states = {key: point.state}
        self._grid = point.grid

    def decide(self, cause: Envelope[Any]) -> list[Envelope[Any]]:
        """Return what it makes of an event."""
        decider = self._decider
        if isinstance(cause.event, decider.grid.reads):
            self._grid = decider.grid.evolve(self._grid, cause.event)
        if not isinstance(cause.event, decider.reads):
            return []
        try:
            events = decider.decide(self._state(cause.key), cause, self._grid)
        except Poison:
            return []
        name, version, took = decider.name, decider.version, self._pace
        return [_made(cause, name, version, step, event, took) for step, event in enumerate(events)]

    def keep(self, key: str, events: Sequence[Any]) -> None:
        """Fold a decision."""
        if events:
            self._states[key] = self._decider.fold(events, self._state(key))

    def _state(self, key: str) -> Any:
        return self._states.get(key, self._decider.initial)
