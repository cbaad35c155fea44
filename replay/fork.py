"""Fork: a run told again from some event on, with one thing changed; the original is untouched.

What came before is shared. What comes after is decided anew, and effects are answered from the
record where the request is the same; where it is not, a stand-in is left and marked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from replay.change import changed
from replay.recorded import Outside, Recorded
from replay.runs import events_of
from replay.travel import Moment, Traveller
from streams.decider import Decider
from streams.envelope import CAUSATION, PROCESSOR, Envelope
from streams.errors import EffectDuringReplay, Misconfigured, Poison
from streams.ids import EventId, ProcessorName, RunId, derived, of_decision
from streams.io.standing import Standing
from streams.io.wire import Wire
from streams.log import EventLog
from streams.plain import text_of
from streams.topics import GRID_KEY

AnyDecider = Decider[Any, Any, Any, Any]
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
    """Where a fork leaves its run, and what is changed there: dotted paths and plain values."""

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


class Past(NamedTuple):
    """A run as it is forked: its stream from the run's first event on, repeats dropped.

    `stream` also holds what happened beside the run: other runs of its session, and facts of the
    grid. `start` is the moment before the first of them.
    """

    run_id: RunId
    start: Moment
    stream: Sequence[Envelope[Any]]

    @property
    def key(self) -> str:
        """The session."""
        return next(e.key for e in self.stream if e.key != GRID_KEY)


class Forker(NamedTuple):
    """Forks runs of one topic with its deciders and the record of its effects."""

    deciders: Sequence[AnyDecider]
    traveller: Traveller
    recorded: Recorded
    perform: Perform | None = None

    def fork(self, past: Past, branch: Branch) -> Forked:
        """Tell a run again. Raises Misconfigured if it cannot branch there or be changed so."""
        at = next((n for n, e in enumerate(past.stream) if e.event_id == branch.at), None)
        if at is None:
            raise Misconfigured(
                f"run {past.run_id} has no event {branch.at}", fix="see `aether run show`"
            )
        fork_id = RunId(derived("fork", past.run_id, branch.at, text_of(dict(branch.changes))))
        first = past.stream[at]
        told = changed(first.event, branch.changes)
        renamed = first._replace(event=told, event_id=EventId(derived(fork_id, first.event_id)))
        prefix = [Step(envelope, How.SHARED) for envelope in past.stream[:at]]
        stage = _Stage(self, past, {first.event_id: renamed})
        steps = stage.play([*prefix, Step(renamed, How.CHANGED)])
        own = (s for s in steps if s.envelope.run_id == past.run_id)
        return Forked(fork_id=fork_id, origin=past.run_id, branch=branch, steps=tuple(own))


class _Stage:
    """One fork under way: a stream in memory that deciders and the record append to."""

    def __init__(
        self, forker: Forker, past: Past, instead: Mapping[EventId, Envelope[Any]]
    ) -> None:
        self._forker = forker
        self._instead = instead
        self._known: dict[EventId, Envelope[Any]] = dict(instead)
        standing_of = forker.traveller.standing
        self._standings = [standing_of(d, past.key, past.start) for d in forker.deciders]

    def play(self, steps: list[Step]) -> list[Step]:
        """Consider each event of a growing stream in turn, until nothing more comes of any."""
        self._known |= {step.envelope.event_id: step.envelope for step in steps}
        at = 0
        while at < len(steps):
            if len(steps) > STEPS_MAX:
                raise Misconfigured(f"the fork does not end within {STEPS_MAX} events")
            cause = steps[at].envelope
            for standing in self._standings:
                steps += self._decide(standing, cause)
            for effect in self._forker.recorded.effects:
                if isinstance(cause.event, effect.reads):
                    steps += self._answer(effect, cause)
            at += 1
        return steps

    def _decide(self, standing: Standing, cause: Envelope[Any]) -> Iterable[Step]:
        decider = standing.decider
        if isinstance(cause.event, decider.grid.reads):
            standing.learn(cause.event)
        if not isinstance(cause.event, decider.reads):
            return
        ledger = standing.ledger
        state = ledger.states.get(cause.key, decider.initial)
        try:
            events = decider.decide(state, cause, standing.grid)
        except Poison:
            return
        fresh = [
            _made(cause, decider.name, decider.version, step, event)
            for step, event in enumerate(events)
        ]
        told = [self._known.get(envelope.event_id, envelope) for envelope in fresh]
        if told:
            ledger.keep(cause.key, ledger.mark, [envelope.event for envelope in told])
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
            perform = self._forker.perform
            event = effect.missing(cause) if perform is None else perform(effect, cause)
            took, how = 0, How.STUBBED if perform is None else How.LIVE
        envelope = _made(cause, effect.name, 0, 0, event)
        envelope = envelope._replace(recorded_at_ms=cause.recorded_at_ms + took)
        self._known[event_id] = envelope
        yield Step(envelope, how)


def _made(
    cause: Envelope[Any], author: ProcessorName, version: int, step: int, event: Any
) -> Envelope[Any]:
    """Return what came of a cause, at the time of the cause; it stands at no offset of the log."""
    head = {
        CAUSATION: cause.event_id.encode(),
        PROCESSOR: f"{author}/{version}".encode(),
    }
    return cause._replace(
        event=event, event_id=of_decision(cause.event_id, author, step), offset=-1, head=head
    )


def past_of(run_id: RunId, log: EventLog, wire: Wire) -> Past:
    """Return a recorded run with what happened beside it. Raises Misconfigured if unknown."""
    events = events_of(run_id, log, wire)
    if not events:
        raise Misconfigured(f"no event of run {run_id} is in the log", fix="see `aether run list`")
    first, last = events[0], events[-1]
    keys, known = {first.key, GRID_KEY}, dict[EventId, Envelope[Any]]()
    for records in log.read(first.topic, first.partition, first.offset, last.offset + 1):
        for record in records:
            with suppress(Poison):
                if wire.codec.kind_of(record.value) is not None:
                    envelope = wire.open(record)
                    if envelope.key in keys:
                        known.setdefault(envelope.event_id, envelope)
    return Past(run_id, Moment(first.partition, first.offset), tuple(known.values()))
