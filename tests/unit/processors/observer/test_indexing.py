"""The index of runs is filled by one worker, as long as it is the one, and never stops it."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.systems.history import History, open_wire
from processors.observer.indexing import RunIndexing
from streams.errors import IndexAway
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.run_index.database import Change, SqliteDatabase
from streams.io.run_index.index import RunIndex, Stretch
from streams.io.run_index.indexer import Indexer
from streams.log import Draft
from streams.topics import SESSIONS

WIRE = open_wire(DirectoryStore(Path("/nonexistent")))
RECORDS = History(WIRE).records(200)
HISTORY = [Draft(r.topic, r.partition, r.key, r.value, r.headers) for r in RECORDS]
PLACES = range(SESSIONS.partitions)


class World:
    """A log, an index of it, and whether the worker is the one."""

    def __init__(self, folder: Path, database: Any = None) -> None:
        self.broker = MemoryBroker({SESSIONS.name: SESSIONS.partitions})
        self.log = MemoryLog(self.broker)
        self.database = database or SqliteDatabase(folder / "runs.sqlite")
        self.index = RunIndex(self.database, SESSIONS.name, self.log.identity(SESSIONS.name))
        self.holds, self.stop = True, asyncio.Event()
        self._folder = folder

    def land(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            self.broker.land(draft)

    async def until_read(self, upto: int) -> None:
        """Wait until the index has read so many records."""
        async with asyncio.timeout(60):
            while sum(await asyncio.to_thread(self._positions)) < upto:
                await asyncio.sleep(0.01)

    def _positions(self) -> list[int]:
        try:
            return list(self.index.positions().values())
        except IndexAway:
            return []

    def start(self) -> "asyncio.Task[None]":
        work = RunIndexing(self.log, WIRE, self.database, lambda: self.holds, 0.01, 0.01)
        return asyncio.create_task(work.run(self.stop))

    async def live(self) -> None:
        """Let the index be filled while the history happens, to its end."""
        self.land(HISTORY[:50])
        running = self.start()
        await self.until_read(50)
        self.land(HISTORY[50:])
        await self.until_read(len(HISTORY))
        self.stop.set()
        await running

    def expected(self) -> list[list[Stretch]]:
        other = RunIndex(SqliteDatabase(self._folder / "other.sqlite"), SESSIONS.name, "id")
        ends = {p: self.log.span(SESSIONS.name, p).end for p in PLACES}
        Indexer(self.log, WIRE, other, SESSIONS.name).catch_up(ends)
        rows = [other.rows(p) for p in PLACES]
        other.close()
        return rows


async def test_what_comes_is_indexed_while_it_comes(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.live()
    assert [world.index.rows(p) for p in PLACES] == world.expected()
    world.index.close()


async def test_one_that_does_not_hold_the_place_leaves_the_index_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.holds = False
    world.land(HISTORY)
    running = world.start()
    await asyncio.sleep(0)
    assert not (tmp_path / "runs.sqlite").exists()
    world.holds = True
    await world.until_read(len(HISTORY))
    world.stop.set()
    await running
    world.index.close()


class AwayAtFirst(SqliteDatabase):
    """A database that cannot be used some times, in the middle of the work."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.calls = 0

    def change(self, changes: Iterable[Change]) -> None:
        self.calls += 1
        if self.calls in (1, 4):
            raise IndexAway("not now")
        super().change(changes)


async def test_a_database_that_is_away_is_asked_again_and_nothing_is_missed(tmp_path: Path) -> None:
    database = AwayAtFirst(tmp_path / "runs.sqlite")
    world = World(tmp_path, database)
    await world.live()
    assert database.calls > 4
    assert [world.index.rows(p) for p in PLACES] == world.expected()
    world.index.close()
