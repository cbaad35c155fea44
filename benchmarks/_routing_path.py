"""The grid's own path from an offered capability to a decision, event by event, without a broker.

Every step is the code that a worker runs; only the log in between is a list.
"""

import time
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

from benchmarks._report import say
from benchmarks._texts import OUTSIDE, Row
from benchmarks._vectors import KeptEncoder
from processors.perception.effect import PerceiveCapabilities, PerceiveRequests
from processors.registry.adoption import ADOPTION
from processors.registry.decider import REGISTRY_DECIDER
from processors.router.decider import ROUTER
from processors.router.table import AUTOMATIC
from processors.tuner.links import RELEASE, TEACHING
from processors.tuner.training import Training
from streams.envelope import CAUSATION, Envelope
from streams.events.registry import CapabilityOffered, Card
from streams.events.sessions import Options, RequestReceived, RequestRouted
from streams.events.tuning import (
    FeedbackAccepted,
    FeedbackGiven,
    PolicySet,
    TrainingRequested,
    Unsure,
    Verdict,
    WeightsReleased,
    WeightsTrained,
)
from streams.ids import EventId, ModelName, RunId
from streams.topics import ROUTER_KEY


class Told(NamedTuple):
    """A decision: the likeliest capability, whether it may answer, how surely, how long it took."""

    label: str
    taken: bool
    confidence: float
    seconds: float


class Path:
    """Offers, learns and routes."""

    def __init__(self, encoder: KeptEncoder) -> None:
        self._encoder = encoder
        self._offset = count()
        self.stream: list[Envelope[Any]] = []
        self.table = ROUTER.grid.initial

    async def offer(self, rows: Sequence[Row]) -> None:
        """Register a capability per label, and teach what is none of them."""
        by_label: dict[str, list[str]] = {}
        for text, label in rows:
            by_label.setdefault(label, []).append(text)
        for text in by_label.pop(OUTSIDE, []):
            await self._outside(text)
        perceiving = PerceiveCapabilities(self._encoder)
        for label, texts in sorted(by_label.items()):
            card = Card(
                description=described(label),
                examples=tuple(texts),
                policy="single",
                model=ModelName("extractive"),
            )
            offered = self._envelope(label, CapabilityOffered(card=card))
            (registered,) = REGISTRY_DECIDER.decide(REGISTRY_DECIDER.initial, offered, None)
            (perceived,) = await perceiving.perform([self._envelope(label, registered)])
            said = self._envelope(label, perceived)
            self._adopt(ADOPTION.carry(said, 1))
            self.stream += [self._envelope(k, e) for k, e, *_ in TEACHING.carry(said, 1)]

    async def learn(self) -> None:
        """Train on everything so far, and put the weights in force.

        What is too little to learn from leaves every label to its centroid, as in a grid.
        """
        request = TrainingRequested(training_id="bench", reason="benchmark")
        (trained,) = await Training(self).perform([self._envelope(ROUTER_KEY, request)])
        events: list[Any] = [PolicySet(unsure=Unsure.REFUSE, threshold=0.5)]
        if isinstance(trained, WeightsTrained):
            events.append(WeightsReleased(version=trained.version, weights=trained.weights))
        else:
            say(f"nothing is learned, labels are told apart by their centroids: {trained.detail}")
        for event in events:
            self._adopt(RELEASE.carry(self._envelope(ROUTER_KEY, event), 1))

    async def route(self, texts: Sequence[str]) -> list[Told]:
        """Decide each text as the first request of a session."""
        return [told for text in texts for told in await self.converse([text])]

    async def converse(self, texts: Sequence[str]) -> list[Told]:
        """Decide the requests of one session, in order."""
        perceiving, told, state = PerceiveRequests(self._encoder), [], ROUTER.initial
        for text in texts:
            request = RequestReceived(
                run_id=RunId(f"run-{next(self._offset)}"), model=ModelName(AUTOMATIC), text=text,
                messages=(), options=Options(), scopes=(), remember_in=None, stream=False,
            )  # fmt: skip
            (perceived,) = await perceiving.perform([self._envelope("session", request)])
            cause = self._envelope("session", perceived)
            began = time.perf_counter()
            (decided,) = ROUTER.decide(state, cause, self.table)
            seconds = time.perf_counter() - began
            state = ROUTER.evolve(state, decided)
            taken = isinstance(decided, RequestRouted)
            best = decided.candidates[0].capability
            told.append(Told(best, taken, decided.confidence, seconds))
        return told

    def before(self, cause: Envelope[Any], kinds: Sequence[type]) -> Iterator[Envelope[Any]]:
        """Yield what stands in the tuner's stream: the port of its effects."""
        return (e for e in self.stream if isinstance(e.event, tuple(kinds)))

    async def _outside(self, text: str) -> None:
        encoded = await self._encoder.encode([text])
        given = FeedbackGiven(
            run_id=RunId(f"run-{next(self._offset)}"), text=text, encoder=encoded.encoder,
            vector=encoded.vectors[0], chosen=None, label=None, none_of_these=True,
            verdict=Verdict.WRONG,
        )  # fmt: skip
        cause = self._envelope(ROUTER_KEY, given)
        accepted = self._envelope(ROUTER_KEY, FeedbackAccepted(run_id=given.run_id))
        head = {CAUSATION: cause.event_id.encode()}
        self.stream += [cause, accepted._replace(head=head)]

    def _adopt(self, carried: Any) -> None:
        for _, fact, *_ in carried:
            self.table = ROUTER.grid.evolve(self.table, fact)

    def _envelope(self, key: str, event: Any) -> Envelope[Any]:
        at = next(self._offset)
        run = getattr(event, "run_id", RunId(""))
        return Envelope(event, EventId(f"event-{at}"), key, "bench", 0, at, at, run, {})


def described(label: str) -> str:
    """Return what a capability says of itself when nobody describes it: its name in words."""
    return label.replace("_", " ")
