"""The index is filled from the log, whatever order and world the log was written in."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from processors.recall.library import Library
from processors.recall.projection import IndexProjection
from processors.recall.ranking import UNTRAINED, adoption, weights
from streams.errors import RegistryAway
from streams.events.memory import (
    MemoryExpired,
    MemoryForgotten,
    MemoryPerceived,
    MemoryRefused,
    MemorySuperseded,
)
from streams.ids import EventId, MemoryId, derived
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Wire
from streams.topics import MEMORY, REGISTRY
from tests.fakes import NumberedRegistry
from tests.unit.processors.recall.shelves import GRID, PlainIndex, bag, content


class AwayOnce(NumberedRegistry):
    """A registry that is away when it is first asked for a schema."""

    def __init__(self, registry: NumberedRegistry) -> None:
        super().__init__()
        self.texts, self.subjects = registry.texts, registry.subjects
        self.asked = 0

    def schema(self, schema_id: int) -> str:
        self.asked += 1
        if self.asked == 1:
            raise RegistryAway("no answer")
        return super().schema(schema_id)


class Topic:
    """The memory topic in memory."""

    def __init__(self, folder: Path) -> None:
        self.log = MemoryLog(MemoryBroker({MEMORY.name: 2, REGISTRY.name: 1}))
        self.registry, self.store = NumberedRegistry(), DirectoryStore(folder)
        codec = Codec(self.registry)
        for topic in (MEMORY, REGISTRY):
            codec.learn(topic, register=True)
        self.wire = Wire(codec, self.store)

    def tell(self, *events: Any, scope: str = GRID, to: str = MEMORY.name) -> None:
        drafts = [
            self.wire.root(
                event,
                component="test",
                topic=to,
                key=scope,
                event_id=EventId(derived(repr(event))),
                at_ms=0,
            )
            for event in events
        ]
        self.log.append(drafts, lambda _: None)
        self.log.serve()


def perceived(text: str) -> MemoryPerceived:
    return MemoryPerceived(
        memory_id=MemoryId(text), content=content(text), encoder="bag", vector=bag(text)
    )


async def held(index: PlainIndex) -> list[str]:
    return sorted(entry.content.text for entry in await index.entries([GRID]))


TEA = MemoryId("tea")
ENDS = (
    MemorySuperseded(memory_id=TEA, by=MemoryId("x"), key="k.v"),
    MemoryForgotten(memory_id=TEA, reason="r"),
    MemoryExpired(memory_id=TEA, expired_at_ms=1),
)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("late", [False, True])
async def test_what_no_longer_holds_leaves_the_index(end: Any, late: bool, tmp_path: Path) -> None:
    """Perception takes its time: a vector may come after the end of what it belongs to."""
    topic = Topic(tmp_path)
    events: Sequence[Any] = (end, perceived("tea")) if late else (perceived("tea"), end)
    topic.tell(*events, perceived("coffee"), MemoryRefused(reason="r", detail="d"))
    index = PlainIndex()
    assert await IndexProjection(topic.log, topic.wire, Library(index)).catch_up() == 2
    assert await held(index) == ["coffee"]


async def test_a_new_projection_goes_on_where_the_index_is(tmp_path: Path) -> None:
    topic, index = Topic(tmp_path), PlainIndex()
    topic.tell(perceived("tea"))
    await IndexProjection(topic.log, topic.wire, Library(index)).catch_up()
    assert sum(index.kept.values()) == 1
    topic.tell(perceived("coffee"))
    assert await IndexProjection(topic.log, topic.wire, Library(index)).catch_up() == 1
    assert await held(index) == ["coffee", "tea"]


async def test_a_registry_that_is_away_is_asked_again(tmp_path: Path) -> None:
    topic, index = Topic(tmp_path), PlainIndex()
    topic.tell(perceived("tea"))
    registry = AwayOnce(topic.registry)
    reading = Wire(Codec(registry), topic.store)
    await IndexProjection(topic.log, reading, Library(index)).catch_up()
    assert registry.asked == 2
    assert await held(index) == ["tea"]


async def test_the_weights_in_force_are_those_adopted_last_also_after_a_restart(
    tmp_path: Path,
) -> None:
    topic, index = Topic(tmp_path), PlainIndex()
    first, second = weights(meaning=1.0), weights(date=1.0)
    for by in (first, second):
        topic.tell(adoption(by, 30, "better"), scope="recall", to=REGISTRY.name)
    for _ in range(2):
        library = Library(index)
        assert library.by == UNTRAINED
        await IndexProjection(topic.log, topic.wire, library).catch_up()
        assert library.by == second


async def test_an_index_is_filled_once_it_holds_what_the_log_held(tmp_path: Path) -> None:
    topic, index = Topic(tmp_path), PlainIndex()
    topic.tell(perceived("tea"), perceived("coffee"))
    projection, stop = IndexProjection(topic.log, topic.wire, Library(index)), asyncio.Event()
    running = asyncio.create_task(projection.run(stop))
    await projection.filled.wait()
    assert await held(index) == ["coffee", "tea"]
    stop.set()
    await running
