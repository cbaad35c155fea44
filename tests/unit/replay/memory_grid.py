"""A grid on a log in memory: the real deciders and effects, over fakes of their ports."""

import asyncio
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from processors.batch import Batch
from processors.decisions import Deciding
from processors.effects import Effect, Performing
from processors.models.effect import Inferring
from processors.models.ports import Answer, Emit, Refusal
from processors.orchestrator.decider import ORCHESTRATOR
from processors.perception.effect import PerceiveRequests
from processors.perception.ports import Encoded
from processors.recall.effect import Recalling
from processors.recall.library import Recalled
from processors.recall.ports import Entry
from processors.recall.ranking import UNTRAINED
from processors.router.decider import ROUTER
from processors.runner import Runner
from streams.events.memory import Content, Kind
from streams.events.sessions import (
    CancellationRequested,
    CapabilityAdopted,
    InferenceRequested,
    Message,
    Options,
    RequestReceived,
)
from streams.ids import CapabilityId, EventId, MemoryId, ModelName, RunId, ScopeId, derived
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Author, Wire
from streams.topics import FORKS, GRID_KEY, SESSIONS, TUNING
from tests.fakes import NumberedRegistry

DECIDERS = (ROUTER, ORCHESTRATOR)
PARTITIONS = 2


class Letters:
    """An encoder for which a text's first letter is its meaning."""

    async def encode(self, texts: Sequence[str]) -> Encoded:
        return Encoded("letters", [self.vector(text) for text in texts])

    def vector(self, text: str) -> bytes:
        letter = ord(text[:1].lower() or "a")
        return array("f", [float(letter == n) for n in range(ord("a"), ord("z") + 1)]).tobytes()


class Shelf:
    """A library that recalls the same passage for everyone."""

    text = "what the shelf holds"
    by = UNTRAINED

    async def recall(self, *_: Any) -> list[Recalled]:
        content = Content(
            kind=Kind.PASSAGE,
            text=self.text,
            title="shelf",
            uri="shelf.md",
            section="",
            speaker="",
            said_at_ms=None,
        )
        entry = Entry(MemoryId(derived("memory")), ScopeId("grid"), content)
        return [Recalled(entry, 0.5, 0.5)]


class Parrot:
    """A model that says what it was asked, after its own name."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def answer(self, request: InferenceRequested, emit: Emit) -> Answer | Refusal:
        words = f"{self.name}: {request.text}"
        return Answer(words, (), "stop", len(request.text), len(words))


class Silent:
    """Nobody watches answers being made here."""

    def publish(self, *_: Any) -> None:
        """Drop it."""


async def _at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*arguments)


class MemoryGrid:
    """What is asked is answered at once; the whole history stays in `broker`."""

    def __init__(self, folder: Path) -> None:
        names = (SESSIONS.name, SESSIONS.dead_letters, FORKS.name, TUNING.name)
        self.broker = MemoryBroker(dict.fromkeys(names, PARTITIONS))
        codec = Codec(NumberedRegistry())
        for topic in (SESSIONS, FORKS, TUNING):
            codec.learn(topic, register=True)
        self.wire = Wire(codec, DirectoryStore(folder / "objects"))
        self.log = MemoryLog(self.broker)
        self.snapshots = SnapshotFolder(folder / "snapshots")
        self.shelf = Shelf()
        models = {ModelName(name): Parrot(name) for name in ("gray", "blue")}
        self.effects: tuple[Effect, ...] = (
            PerceiveRequests(Letters()),
            Recalling(self.shelf, Letters()),  # type: ignore[arg-type]
            Inferring(models, Silent()),
        )
        self._read = dict.fromkeys(range(PARTITIONS), 0)
        for name in ("gray", "blue"):
            self.adopt(name)

    def adopt(self, name: str) -> None:
        """Put a capability in force that is asked by texts of its letter, and speaks as itself."""
        adopted = CapabilityAdopted(
            capability=CapabilityId(f"{name}-talk"),
            version=1,
            description=name,
            policy="single",
            model=ModelName(name),
            encoder="letters",
            vectors=(Letters().vector(name),),
        )
        for partition in range(PARTITIONS):
            event_id = EventId(derived("adopted", name, partition))
            draft = self.wire.root(
                adopted,
                component="test",
                topic=SESSIONS.name,
                key=GRID_KEY,
                event_id=event_id,
                at_ms=0,
            )
            self.broker.land(draft._replace(partition=partition))

    def ask(self, text: str, session: str = "ada", model: str = "aether") -> RunId:
        """Ask, and let the grid work until nothing more happens."""
        run_id = self.say(text, session, model)
        self.work()
        return run_id

    def say(self, text: str, session: str = "ada", model: str = "aether") -> RunId:
        """Ask, and leave it there."""
        run_id = RunId(derived("run", session, text, model))
        event = RequestReceived(
            run_id=run_id,
            model=ModelName(model),
            text=text,
            messages=(Message(role="user", content=text),),
            options=Options(),
            scopes=(ScopeId("grid"),),
            remember_in=None,
            stream=False,
        )
        draft = self.wire.root(
            event,
            component="test",
            topic=SESSIONS.name,
            key=session,
            event_id=EventId(run_id),
            at_ms=0,
            run_id=run_id,
        )
        self.broker.land(draft)
        return run_id

    def cancel(self, run_id: RunId, session: str = "ada") -> None:
        """Cancel a run, and leave it there."""
        draft = self.wire.root(
            CancellationRequested(run_id=run_id),
            component="test",
            topic=SESSIONS.name,
            key=session,
            event_id=EventId(derived("cancelled", run_id)),
            at_ms=0,
            run_id=run_id,
        )
        self.broker.land(draft)

    def work(self) -> None:
        """Let the grid work until nothing more happens."""
        asyncio.run(self._work())

    async def _work(self) -> None:
        runner = self._runner()
        quiet = 0
        while quiet < 5:  # effects answer some turns of the loop later
            before = dict(self._read)
            for partition in self._read:
                await self._feed(runner, partition)
            for _ in range(20):
                await asyncio.sleep(0)
                self.log.serve()
            quiet = quiet + 1 if before == self._read else 0
        assert runner.failure is None
        runner.reset()

    async def _feed(self, runner: Runner, partition: int) -> None:
        start, end = self._read[partition], self.log.span(SESSIONS.name, partition).end
        batches = self.log.read(SESSIONS.name, partition, start, end)
        records = [record for batch in batches for record in batch]
        if records:
            self._read[partition] += len(records)
            position = self._read[partition]
            wanted = [record for record in records if runner.wants(record.value)]
            await runner.take(Batch(partition, 1, wanted, position, lambda: None))

    def _runner(self) -> Runner:
        parts: list[Any] = [Deciding(d, self.wire, self.snapshots) for d in DECIDERS]
        for effect in self.effects:
            author = Author(self.wire, effect.name, effect.version)
            parts.append(Performing(effect, author))
        return Runner(SESSIONS.name, self.log, self.wire, parts, self.snapshots, offload=_at_once)
