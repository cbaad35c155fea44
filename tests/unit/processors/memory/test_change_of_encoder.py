"""From offer to recall on a log in memory, also after another encoder took over."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from processors.batch import Batch
from processors.decisions import Deciding
from processors.effects import Effect, Performing
from processors.memory.decider import MEMORY_DECIDER
from processors.models.judging import Judging
from processors.parts import Part
from processors.perception.effect import PerceiveMemories
from processors.perception.ports import Encoded
from processors.recall.library import Asked, Library
from processors.recall.likening import Likening
from processors.recall.projection import IndexProjection
from processors.runner import Runner
from replay.memories import Fate, history, remembered, told, unperceived
from streams.events.memory import (
    ForgettingRequested,
    MemoryOffered,
    MemoryPerceived,
)
from streams.ids import EventId, ModelName, ScopeId, derived
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Author, Wire
from streams.topics import MEMORY, REGISTRY
from tests.fakes import NumberedRegistry
from tests.unit.processors.memory.stream import fact, passage
from tests.unit.processors.models.test_judging import Says
from tests.unit.processors.recall.shelves import PlainIndex, bag, encode

SCOPE = ScopeId("user:ada")


class Bag(NamedTuple):
    """An encoder of a given name; another one turns its vectors round."""

    name: str

    async def encode(self, texts: Sequence[str]) -> Encoded:
        return Encoded(
            self.name, [bag(text if self.name == "old" else text[::-1]) for text in texts]
        )


class Grid:
    """The memory topic, and workers that come and go."""

    def __init__(self, folder: Path) -> None:
        self.log = MemoryLog(MemoryBroker({MEMORY.name: 1, REGISTRY.name: 1}))
        codec = Codec(NumberedRegistry())
        codec.learn(MEMORY, register=True)
        self.wire = Wire(codec, DirectoryStore(folder / "objects"))
        self.snapshots = SnapshotFolder(folder / "snapshots")
        self.sent = 0

    def tell(self, event: Any, event_id: str = "") -> None:
        self.sent += 1
        draft = self.wire.root(
            event,
            component="test",
            topic=MEMORY.name,
            key=SCOPE,
            event_id=EventId(event_id or derived("told", self.sent)),
            at_ms=0,
        )
        self.log.append([draft], lambda _: None)
        self.log.serve()

    async def work(self, encoder: str, *others: Effect) -> None:
        """Let a new worker read everything from the beginning, until nothing is left to do."""
        effects = (PerceiveMemories(Bag(encoder)), *others)
        parts: list[Part] = [
            Deciding(MEMORY_DECIDER, self.wire, self.snapshots),
            *(Performing(e, Author(self.wire, e.name, e.version)) for e in effects),
        ]
        runner = Runner(MEMORY.name, self.log, self.wire, parts, self.snapshots)
        at = 0
        while at < (end := self.log.span(MEMORY.name, 0).end):
            records = [r for batch in self.log.read(MEMORY.name, 0, at, end) for r in batch]
            done = asyncio.Event()
            await runner.take(Batch(0, 1, records, end, done.set))
            while not done.is_set():
                assert runner.failure is None
                self.log.serve()
                await asyncio.sleep(0)
            at = end
        runner.reset()

    async def recall(self, encoder: str, question: str) -> list[str]:
        library = Library(PlainIndex())
        await IndexProjection(self.log, self.wire, library).catch_up()
        (vector,) = (await Bag(encoder).encode([question])).vectors
        found = await library.recall(Asked(question, vector, encoder, (SCOPE,), 0), encode, 9)
        return [recalled.entry.content.text for recalled in found]

    def perceived_by(self) -> list[str]:
        events = told(self.log, self.wire, kinds=(MemoryPerceived,))
        return [envelope.event.encoder for envelope in events]


ROME, PARIS = fact("ada.city", "Ada lives in Rome"), fact("ada.city", "Ada lives in Paris")


async def test_only_what_holds_is_recalled(tmp_path: Path) -> None:
    grid = Grid(tmp_path)
    for content in (ROME, PARIS, passage("Tea is at four")):
        grid.tell(MemoryOffered(content=content))
    await grid.work("old")
    assert await grid.recall("old", "Where does Ada live?") == [
        "Ada lives in Paris",
        "Tea is at four",
    ]
    (tea,) = [k for k, known in grid_memories(grid).items() if "Tea" in known.recorded.content.text]
    grid.tell(ForgettingRequested(memory_id=tea, reason="asked to"))
    await grid.work("old")
    assert await grid.recall("old", "Where does Ada live?") == ["Ada lives in Paris"]


async def test_a_new_encoder_sees_all_that_holds_once_and_nothing_is_lost(tmp_path: Path) -> None:
    grid = Grid(tmp_path)
    for content in (ROME, PARIS, passage("Tea is at four")):
        grid.tell(MemoryOffered(content=content))
    await grid.work("old")
    before = await grid.recall("old", "When is tea at four?")
    missing = unperceived(grid.log, grid.wire, "new")
    assert [m.request.content.text for m in missing] == ["Ada lives in Paris", "Tea is at four"]
    for _, request in missing * 2:
        grid.tell(request, derived("perception", request.memory_id, "new"))
    await grid.work("new")
    assert grid.perceived_by() == ["old"] * 3 + ["new"] * 2
    assert unperceived(grid.log, grid.wire, "new") == []
    assert unperceived(grid.log, grid.wire, "old") == []
    assert await grid.recall("old", "When is tea at four?") == before
    assert await grid.recall("new", "When is tea at four?") == before


async def test_history_tells_what_a_fact_replaced(tmp_path: Path) -> None:
    grid = Grid(tmp_path)
    for content in (ROME, passage("Tea is at four"), PARIS):
        grid.tell(MemoryOffered(content=content))
    await grid.work("old")
    memories = grid_memories(grid)
    assert [known.fate for known in memories.values()] == [
        Fate.SUPERSEDED,
        Fate.HOLDS,
        Fate.HOLDS,
    ]
    rome, _, paris = memories
    for known in (rome, paris):
        events = history(known, list(told(grid.log, grid.wire, SCOPE)))
        assert [type(e.event).__name__ for e in events] == [
            "MemoryRecorded",
            "MemoryRecorded",
            "MemorySuperseded",
        ]


@pytest.mark.parametrize(("said", "fate"), [("REPLACES", "superseded"), ("DIFFERENT", "holds")])
async def test_a_judge_says_what_a_fact_without_a_key_replaces(
    said: str, fate: str, tmp_path: Path
) -> None:
    grid, judge = Grid(tmp_path), Says(said)
    for text in ("Ada lives in Rome", "Ada lives in Paris now"):
        grid.tell(MemoryOffered(content=fact("", text)))
    effects = (Likening(PlainIndex(), "judge"), Judging({ModelName("judge"): judge}))
    await grid.work("old", *effects)
    await grid.work("old", *effects)  # another worker finds nothing left to ask
    assert len(judge.asked) == 1
    rome, paris = grid_memories(grid)
    assert [known.fate for known in grid_memories(grid).values()] == [fate, "holds"]
    events = history(rome, list(told(grid.log, grid.wire, SCOPE)))
    kinds = [type(e.event).__name__ for e in events if e.event.memory_id in (rome, paris)]
    assert "JudgementRequested" in kinds
    assert "JudgementMade" in kinds
    assert ("MemorySuperseded" in kinds) == (fate == "superseded")


def grid_memories(grid: Grid) -> Any:
    return remembered(told(grid.log, grid.wire))
