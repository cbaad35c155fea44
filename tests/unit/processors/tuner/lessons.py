"""The tuner's stream for tests, and lessons for it: what it is told, and who works on it."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from processors.tuner.comparing import Comparing
from processors.tuner.decider import TUNER
from processors.tuner.releasing import Releasing
from processors.tuner.state import Tuning
from processors.tuner.training import Training
from streams.envelope import Envelope
from streams.events import tuning as t
from streams.ids import CapabilityId, RunId
from streams.topics import ROUTER_KEY
from tests.unit.processors.envelopes import enveloped
from tests.unit.processors.meanings import ENCODER, around, directions, name_of

LABELS = 8
#: The examples that capabilities come with stand apart from what people then ask.
COME_WITH, MEANT = directions(LABELS, seed=1), directions(LABELS, seed=2)


def examples(label: int, version: int = 1, shots: int = 3) -> t.ExamplesLearned:
    return t.ExamplesLearned(
        capability=CapabilityId(name_of(label)),
        version=version,
        encoder=ENCODER,
        vectors=tuple(around(COME_WITH[label], shots + 1, 100 * version + label)),
    )


def feedback(number: int, **given: Any) -> t.FeedbackGiven:
    label = number % LABELS
    said = t.FeedbackGiven(
        run_id=RunId(f"run-{number}"),
        text="text",
        encoder=ENCODER,
        vector=around(MEANT[label], 1, 10_000 + number)[0],
        chosen=CapabilityId(name_of(0)),
        label=CapabilityId(name_of(label)),
        none_of_these=False,
        verdict=t.Verdict.PICKED,
    )
    return replace(said, **given)


class Grid:
    """The tuner's stream with everyone who works on it, one event after the other."""

    def __init__(self) -> None:
        self.log: list[Envelope[Any]] = []
        self.state = Tuning()
        self.effects = {
            kind: effect
            for effect in (Training(self), Comparing(self), Releasing(self))
            for kind in effect.reads
        }

    def before(self, cause: Envelope[Any], kinds: Sequence[type]) -> Iterator[Envelope[Any]]:
        return (e for e in self.log if e.offset < cause.offset and type(e.event) in kinds)

    def say(self, event: Any, cause: str = "") -> None:
        envelope = enveloped(event, ROUTER_KEY, cause=cause)
        self.log.append(envelope)
        if type(event) in TUNER.reads:
            for decided in TUNER.decide(self.state, envelope, None):
                self.state = TUNER.evolve(self.state, decided)
                self.log.append(enveloped(decided, ROUTER_KEY, cause=envelope.event_id))
                self._perform(self.log[-1])
        else:
            self._perform(envelope)

    def _perform(self, envelope: Envelope[Any]) -> None:
        effect = self.effects.get(type(envelope.event))
        if effect is not None:
            (outcome,) = asyncio.run(effect.perform([envelope]))
            self.say(outcome, envelope.event_id)

    def all(self, kind: type) -> list[Any]:
        return [e.event for e in self.log if type(e.event) is kind]


class Postponed(Grid):
    """A grid whose effects take their time: `work` lets them answer."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Envelope[Any]] = []

    def _perform(self, envelope: Envelope[Any]) -> None:
        if type(envelope.event) in self.effects:
            self.waiting.append(envelope)

    def work(self) -> None:
        while self.waiting:
            super()._perform(self.waiting.pop(0))


def registered() -> Grid:
    grid = Grid()
    for label in range(LABELS):
        grid.say(examples(label))
    return grid
