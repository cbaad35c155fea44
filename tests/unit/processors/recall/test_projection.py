"""The index is filled from the log, from where it durably was, and junk is passed over."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from processors.recall.effect import Recalling
from processors.recall.ports import Found, Memory
from processors.recall.projection import IndexProjection
from streams.envelope import Head
from streams.errors import IndexAway, RegistryAway
from streams.events.memory import MemoryPerceived
from streams.events.sessions import RecallFailed
from streams.ids import MemoryId, ScopeId
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Wire
from streams.log import Record
from streams.topics import MEMORY
from tests.fakes import NumberedRegistry
from tests.given import cause
from tests.unit.processors.examples import ENCODER, RUN, content, passage, perceived, vector


class Index:
    """Remembers what was put; away as often as a test says."""

    def __init__(self, kept: Mapping[int, int] | None = None) -> None:
        self.memories: dict[str, Memory] = {}
        self.kept = dict(kept or {})
        self.away = 0
        self.searched: list[Any] = []
        self.finds: list[Found] = []

    async def put(self, memories: Sequence[Memory]) -> None:
        if self.away:
            self.away -= 1
            raise IndexAway("the index does not answer")
        self.memories |= {memory.memory_id: memory for memory in memories}

    async def search(
        self, vector: bytes, encoder: str, scopes: Sequence[ScopeId], limit: int
    ) -> list[Found]:
        self.searched.append((vector, encoder, scopes, limit))
        return self.finds

    async def positions(self) -> dict[int, int]:
        return dict(self.kept)

    async def keep(self, positions: Mapping[int, int]) -> None:
        self.kept = dict(positions)

    async def count(self) -> int:
        return len(self.memories)

    async def close(self) -> None:
        """Nothing is open."""


class Log(MemoryLog):
    """Memories m0, m1, ... in partition 0."""

    def __init__(self, folder: Path, wire: type[Wire] = Wire) -> None:
        super().__init__(MemoryBroker({MEMORY.name: MEMORY.partitions}))
        codec = Codec(NumberedRegistry())
        codec.learn(MEMORY, register=True)
        self.wire = wire(codec, DirectoryStore(folder))

    def perceive(self, *names: str) -> None:
        for name in names:
            event = MemoryPerceived(
                memory_id=MemoryId(name), content=content(), encoder=ENCODER, vector=vector(1, 0)
            )
            self.broker.land(self.wire.draft(MEMORY.name, 0, b"grid", event, []))


async def test_every_memory_is_put_and_the_position_kept(tmp_path: Path) -> None:
    log, index = Log(tmp_path), Index()
    log.perceive("m0", "m1")
    assert await IndexProjection(log, log.wire, index).catch_up() == 2
    assert index.memories["m1"] == Memory(
        MemoryId("m1"), ScopeId("grid"), content(), ENCODER, vector(1, 0)
    )
    assert index.kept == {0: 2, 1: 0, 2: 0, 3: 0}


async def test_it_goes_on_from_where_it_durably_was(tmp_path: Path) -> None:
    log, index = Log(tmp_path), Index({0: 2})
    log.perceive("m0", "m1", "m2")
    assert await IndexProjection(log, log.wire, index).catch_up() == 1
    assert set(index.memories) == {"m2"}


async def test_a_log_cut_off_above_the_position_is_read_from_its_start(tmp_path: Path) -> None:
    log, index = Log(tmp_path), Index({0: 1})
    log.perceive("m0", "m1", "m2")
    log.broker.truncate(MEMORY.name, 0, 2)
    assert await IndexProjection(log, log.wire, index).catch_up() == 1
    assert index.kept[0] == 3


async def test_junk_is_passed_over(tmp_path: Path) -> None:
    log, index = Log(tmp_path), Index()
    log.perceive("m0")
    good = log.wire.draft(MEMORY.name, 0, b"grid", log.wire.open(_last(log)).event, [])
    for draft in (good._replace(key=b""), good._replace(value=b"junk"), good._replace(value=None)):
        log.broker.land(draft)
    log.perceive("m1")
    assert await IndexProjection(log, log.wire, index).catch_up() == 2
    assert (set(index.memories), index.kept[0]) == ({"m0", "m1"}, 5)


def _last(log: Log) -> Record:
    return log.broker.records[MEMORY.name, 0][-1]


async def test_an_index_that_is_away_is_waited_for(tmp_path: Path) -> None:
    log, index = Log(tmp_path), Index()
    index.away = 2
    log.perceive("m0")
    assert await IndexProjection(log, log.wire, index).catch_up() == 1
    assert set(index.memories) == {"m0"}


class RegistryAwayTwice(Wire):
    """Cannot read until it was asked three times."""

    asked = 0

    def open(self, record: Record, head: Head | None = None) -> Any:
        self.asked += 1
        if self.asked <= 2:
            raise RegistryAway("the registry does not answer")
        return super().open(record, head)


async def test_a_registry_that_is_away_is_waited_for(tmp_path: Path) -> None:
    log, index = Log(tmp_path, RegistryAwayTwice), Index()
    log.perceive("m0")
    async with asyncio.timeout(60):
        assert await IndexProjection(log, log.wire, index).catch_up() == 1


# -- the effect


async def test_what_is_found_becomes_passages_and_turns_say_who_spoke() -> None:
    index = Index()
    index.finds = [
        Found(MemoryId("m1"), content(), 0.12345678),
        Found(MemoryId("m2"), content("hello", speaker="user"), 0.1),
    ]
    (outcome,) = await Recalling(index, limit=2).perform([cause(perceived())])
    assert outcome.passages == (
        passage(score=0.123457),
        passage("user: hello", memory_id=MemoryId("m2"), score=0.1),
    )
    assert index.searched == [(vector(1, 0), ENCODER, (ScopeId("grid"),), 2)]


def test_without_memory_a_run_is_told_so() -> None:
    given_up = Recalling(Index()).give_up(cause(perceived()), IndexAway("away"))
    assert given_up == RecallFailed(run_id=RUN, detail="away")
