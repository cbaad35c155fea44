"""Fork: a run told again from some event on, with one thing changed; the original is untouched.

What came before is shared. What comes after is decided anew, and effects are answered from the
record where the request is the same; where it is not, a stand-in is left and marked. What came of
itself comes again when it came. Time passes as it did: all takes as long as was recorded, or, if it
is new, as its processor took in the run.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple

from replay.change import changed
from replay.grid import own
from replay.mind import Mind, made
from replay.original import Original
from replay.past import Past
from replay.recorded import Outside, Recorded, plain_of
from streams.effects import EffectClass
from streams.envelope import PROCESSOR, Envelope
from streams.errors import EffectDuringReplay, Misconfigured
from streams.ids import EventId, ProcessorName, RunId, derived, of_decision
from streams.io.runs import ENDS
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
        places = (n for n, e in enumerate(past.stream) if e.event_id == branch.at)
        at = next((n for n in places if past.stream[n].run_id == past.run_id), None)
        if at is None:
            raise Misconfigured(
                f"run {past.name} has no event {branch.at}", fix="see `aether run show`"
            )
        asked = derived("fork", past.name, branch.at, text_of(dict(branch.changes)))
        first = past.stream[at]
        told = changed(first.event, own(branch.changes))
        renamed = first._replace(event=told, event_id=EventId(derived(asked, first.event_id)))
        steps = _Stage(self, past, at, renamed).play(at, renamed)
        kept = tuple(s for s in steps if s.envelope.run_id == past.run_id)
        news = list(_news(past, kept))
        fork_id = RunId(derived(asked, *news) if news else asked)
        return Forked(fork_id=fork_id, origin=past.name, branch=branch, steps=kept)


class _Stage:
    """One fork under way: a stream in memory that deciders and the record append to.

    `first` stands in the place `at` of the original.
    """

    def __init__(self, forker: Forker, past: Past, at: int, first: Envelope[Any]) -> None:
        self._forker = forker
        self._past = past
        self._original = Original(past, forker.recorded.effects)
        shared = past.stream[:at]
        self._known = {envelope.event_id: envelope for envelope in (*shared, first)}
        for decided, told in {**past.instead, past.stream[at].event_id: first.event_id}.items():
            if told in self._known:  # else the branch lies before it
                self._known[decided] = self._known[told]
        self._places = {envelope.event_id: place for place, envelope in enumerate(shared)}
        self._places[first.event_id] = at
        self._minds = [Mind(point, past.key) for point in past.standpoints]
        self._heard = list[Step]()
        self._later = list[tuple[int, int, int, Step]]()
        self._open = list[tuple[Outside, Envelope[Any]]]()
        self._turn = count()

    def play(self, at: int, first: Envelope[Any]) -> list[Step]:
        """Hear what was told in turn, then what comes of it in order of time, to the run's end."""
        for place, envelope in enumerate(self._past.stream[:at]):
            self._hear(self._original.when(place), Step(envelope, How.SHARED))
        for place in self._original.by_itself(at):
            envelope = self._past.stream[place]
            self._places[envelope.event_id] = place
            self._tell(self._original.when(place), Step(envelope, How.RECORDED))
        self._hear(self._original.when(at), Step(first, How.CHANGED))
        while not self._is_over() and (self._later or self._insist()):
            if len(self._heard) > STEPS_MAX + len(self._past.stream):
                raise Misconfigured(f"the fork does not end within {STEPS_MAX} events")
            at_ms, _, _, step = heappop(self._later)
            self._hear(at_ms, step)
        return self._heard

    def _hear(self, at_ms: int, step: Step) -> None:
        self._heard.append(step)
        for new in self._consider(step.envelope):
            took = new.envelope.recorded_at_ms - step.envelope.recorded_at_ms
            self._tell(at_ms + took, new)

    def _tell(self, at_ms: int, step: Step) -> None:
        """Let a step be heard in its time, and what was recorded in the order of the log."""
        place = self._places.get(step.envelope.event_id, len(self._past.stream))
        heappush(self._later, (at_ms, place, next(self._turn), step))

    def _is_over(self) -> bool:
        last = self._heard[-1].envelope
        return last.run_id == self._past.run_id and isinstance(last.event, ENDS)

    def _insist(self) -> bool:
        """Ask again what the record leaves open, for the run waits for it; say whether so."""
        open_, self._open = self._open, []
        now = max(self._original.end_ms, self._heard[-1].envelope.recorded_at_ms)
        for effect, cause in open_:
            for step in self._ask(effect, cause, now - cause.recorded_at_ms):
                self._tell(step.envelope.recorded_at_ms, step)
        return bool(self._later)

    def _consider(self, cause: Envelope[Any]) -> Iterator[Step]:
        for mind in self._minds:
            yield from self._decide(mind, cause)
        for effect in self._forker.recorded.effects:
            if isinstance(cause.event, effect.reads):
                yield from self._answer(effect, cause)

    def _decide(self, mind: Mind, cause: Envelope[Any]) -> Iterable[Step]:
        name, version = mind.name, mind.version
        before, fresh = self._places.get(cause.event_id), list[Envelope[Any]]()
        for step, event in enumerate(mind.decide(cause)):
            place = None if before is None else self._original.decided(before, name, step)
            took = self._took(before, place, name, step)
            fresh.append(made(cause, name, version, step, event, took))
            self._stands(fresh[-1], place)
        mind.keep(cause.key, [self._known.get(e.event_id, e).event for e in fresh])
        for envelope in fresh:
            if envelope.event_id not in self._known:
                self._known[envelope.event_id] = envelope
                yield Step(envelope, How.DECIDED)

    def _took(self, before: int | None, place: int | None, name: ProcessorName, step: int) -> int:
        """Return how long a decision takes: as it took, as it usually takes, or past the record."""
        original, least = self._original, 0
        if before is not None and place is not None:
            return original.took(before, place)
        if before is not None and original.awaits(before, name, step):
            least = original.end_ms - original.when(before)
        return max(least, original.pace(name))

    def _answer(self, effect: Outside, cause: Envelope[Any]) -> Iterable[Step]:
        before = self._places.get(cause.event_id)
        then = None if before is None else self._original.answer(before, effect.name)
        if then in self._known:
            return
        if before is not None and then is None:
            asked = self._past.stream[before].event
            if effect.asked(asked) == effect.asked(cause.event):
                self._open.append((effect, cause))
                return
        yield from self._ask(effect, cause, 0, self._original.place(then))

    def _ask(
        self, effect: Outside, cause: Envelope[Any], least: int, place: int | None = None
    ) -> Iterable[Step]:
        """Answer from the record, else otherwise; nobody is asked for what happened beside."""
        event_id = of_decision(cause.event_id, effect.name, 0)
        if event_id in self._known:
            return
        try:
            outcome = self._forker.recorded.outcome(effect, cause)
            event, took, how = outcome.event, outcome.milliseconds, How.RECORDED
        except EffectDuringReplay:
            if cause.run_id != self._past.run_id:
                return
            event, how = self._forker.otherwise(effect, cause)
            took = self._original.pace(effect.name)
        envelope = made(cause, effect.name, 0, 0, event, max(took, least))
        self._known[event_id] = envelope
        self._stands(envelope, place)
        yield Step(envelope, how)

    def _stands(self, envelope: Envelope[Any], place: int | None) -> None:
        if place is not None:
            self._places.setdefault(envelope.event_id, place)


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
