"""The history of a grid's sessions, made by the real deciders: questions, routes, plans, answers.

What effects would have found out is made up; everything decided from it is decided.
"""

import random
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from processors.orchestrator.decider import ORCHESTRATOR
from processors.router.decider import ROUTER
from streams.envelope import Envelope
from streams.events import sessions as s
from streams.ids import (
    CapabilityId,
    EventId,
    MemoryId,
    ModelName,
    ProcessorName,
    RunId,
    ScopeId,
    derived,
)
from streams.io.codec import Codec
from streams.io.objects.directory import DirectoryStore
from streams.io.standing import AnyDecider
from streams.io.wire import Author, Wire
from streams.ledger import Ledger
from streams.log import Draft, Record
from streams.partitioner import partition_of
from streams.topics import GRID_KEY, SESSIONS

DECIDERS: tuple[AnyDecider, ...] = (ROUTER, ORCHESTRATOR)
BEGAN_MS = 1_760_000_000_000
ENCODER, DIMENSIONS = "minilm", 384
SESSION_RUNS = 8


class NumberedRegistry:
    """A schema registry in this process, which numbers schemas as they come."""

    at_once = 1

    def __init__(self) -> None:
        self._texts: list[str] = []

    def check(self, subject: str, schema: str) -> None:
        """Take everything."""

    def register(self, subject: str, schema: str) -> int:
        """Return the schema's number."""
        if schema not in self._texts:
            self._texts.append(schema)
        return self._texts.index(schema) + 1

    def id_of(self, subject: str, schema: str) -> int | None:
        """Return the schema's number."""
        return self.register(subject, schema)

    def schema(self, schema_id: int) -> str:
        """Return the schema of a number."""
        return self._texts[schema_id - 1]


def open_wire(store: DirectoryStore) -> Wire:
    """Return a wire that knows the sessions' schemas by the same numbers in every process."""
    codec = Codec(NumberedRegistry())
    codec.learn(SESSIONS, register=True)
    return Wire(codec, store)


class History:
    """Writes partitions record by record, each decided on as it is written."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._chance = random.Random(11)
        self._vector = struct.pack(f"<{DIMENSIONS}f", *(DIMENSIONS**-0.5,) * DIMENSIONS)
        self._authors: Mapping[str, Author] = {
            name: Author(wire, ProcessorName(name), 1)
            for name in (*(d.name for d in DECIDERS), "perception", "recall", "models")
        }
        places = range(SESSIONS.partitions)
        self._ends = dict.fromkeys(places, 0)
        self._ledgers = {place: [Ledger(decider) for decider in DECIDERS] for place in places}
        self._grids = {place: [d.grid.initial for d in DECIDERS] for place in places}
        self._runs = 0

    def records(self, count: int) -> Iterator[Record]:
        """Yield records until there are about `count` in all, ending with a whole run."""
        for place, end in self._ends.items():
            if not end:
                yield from self._write(self._root(GRID_KEY, self._adopted(), place, "adopted"))
        while sum(self._ends.values()) < count:
            run = self._runs
            session = f"session-{run // SESSION_RUNS:07d}"
            place = partition_of(session.encode(), SESSIONS.partitions)
            request = self._request(run)
            root = self._root(session, request, place, f"run-{run}", request.run_id)
            yield from self._write(root)
            self._runs += 1

    def _write(self, draft: Draft) -> Iterator[Record]:
        waiting = [draft]
        while waiting:
            topic, place, key, value, headers = waiting.pop(0)
            assert place is not None
            at = BEGAN_MS + sum(self._ends.values())
            record = Record(topic, place, self._ends[place], at, key, value, headers)
            self._ends[place] += 1
            yield record
            waiting += self._led_to(self._wire.open(record))

    def _led_to(self, cause: Envelope[Any]) -> list[Draft]:
        """Return what comes of an event: decisions, then what its effect finds out."""
        made: list[Draft] = []
        for at, decider in enumerate(DECIDERS):
            kind, grids = type(cause.event), self._grids[cause.partition]
            if kind in decider.grid.reads:
                grids[at] = decider.grid.evolve(grids[at], cause.event)
            if kind in decider.reads:
                events = self._ledgers[cause.partition][at].decide(cause, grids[at])
                made += self._authors[decider.name].decision(cause, events or ())
        found = self._found(cause.event)
        if found is not None:
            effect, event = found
            made.append(self._authors[effect].outcome(cause, event))
        return made

    def _found(self, event: Any) -> tuple[str, Any] | None:
        match event:
            case s.RequestReceived():
                return "perception", s.TextPerceived(
                    run_id=event.run_id, text=event.text, scopes=event.scopes, encoder=ENCODER,
                    vector=self._vector,
                )  # fmt: skip
            case s.TextPerceived():
                passages = tuple(self._passage(number) for number in range(4))
                return "recall", s.ContextRecalled(run_id=event.run_id, passages=passages)
            case s.InferenceRequested():
                return "models", s.InferenceCompleted(
                    run_id=event.run_id, inference_id=event.inference_id, model=event.model,
                    text="It says so in the second passage.", citations=(), finish_reason="stop",
                    prompt_tokens=400, completion_tokens=9,
                )  # fmt: skip
            case _:
                return None

    def _passage(self, number: int) -> s.Passage:
        text = "A passage of a document that says something about it. " * 6
        memory_id = MemoryId(derived("memory", self._chance.randrange(10_000)))
        return s.Passage(
            memory_id=memory_id, text=text, score=0.8 - number / 10, title="A document",
            uri="docs/document.md", section="About it",
        )  # fmt: skip

    def _request(self, run: int) -> s.RequestReceived:
        text = f"What does the documentation say about point {run}?"
        return s.RequestReceived(
            run_id=RunId(derived("run", run)), model=ModelName("aether"), text=text,
            messages=(s.Message(role="user", content=text),), options=s.Options(),
            scopes=(ScopeId("grid"),), remember_in=None, stream=False,
        )  # fmt: skip

    def _adopted(self) -> s.CapabilityAdopted:
        return s.CapabilityAdopted(
            capability=CapabilityId("answer"), version=1, description="Answers.", policy="single",
            model=ModelName("extractive"), encoder=ENCODER, vectors=(self._vector,),
        )  # fmt: skip

    def _root(
        self, key: str, event: Any, place: int, name: str, run_id: RunId | None = None
    ) -> Draft:
        draft = self._wire.root(
            event, component="gateway", topic=SESSIONS.name, key=key,
            event_id=EventId(derived(name, place)), at_ms=BEGAN_MS, run_id=run_id,
        )  # fmt: skip
        return draft._replace(partition=place)
