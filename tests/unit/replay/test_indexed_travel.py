"""An index of runs changes nothing of what was known at any moment, or of a run's past."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from replay.past import past_of
from replay.travel import Moment, Traveller
from streams.io.objects.directory import DirectoryStore
from streams.io.run_index.database import SqliteDatabase
from streams.io.run_index.indexer import Indexer
from streams.io.run_index.log import IndexedLog
from streams.io.snapshots import SnapshotFolder
from streams.topics import SESSIONS
from tests.unit.replay.memory_grid import DECIDERS, PARTITIONS, MemoryGrid


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path)


@pytest.fixture
def log(grid: MemoryGrid, tmp_path: Path) -> Iterator[IndexedLog]:
    store, database = DirectoryStore(tmp_path / "none"), SqliteDatabase(tmp_path / "runs.sqlite")
    with closing(IndexedLog(grid.log, grid.wire, store, database, gap=0)) as made:
        yield made


def index(grid: MemoryGrid, log: IndexedLog, behind: int = 0) -> None:
    ends = {p: max(0, log.span(SESSIONS.name, p).end - behind) for p in range(PARTITIONS)}
    Indexer(grid.log, grid.wire, log.runs, SESSIONS.name).catch_up(ends)


@pytest.mark.parametrize("behind", [0, 5])
def test_every_moment_is_as_it_was(
    grid: MemoryGrid, log: IndexedLog, tmp_path: Path, behind: int
) -> None:
    for text in ("green?", "blue?"):
        for session in ("ada", "bob", "eve"):
            grid.ask(text, session)
        grid.adopt(text.rstrip("?"))
    index(grid, log, behind)
    none = SnapshotFolder(tmp_path / "none")
    plain, quick = (Traveller(one, grid.wire, none, near=1) for one in (grid.log, log))
    seen = 0
    for session in ("ada", "bob", "eve"):
        partition, end = plain.moment_now(SESSIONS, session)
        for position in range(end + 1):
            moment = Moment(partition, position)
            expected = [known[:4] for known in plain.known(DECIDERS, session, moment)]
            assert [known[:4] for known in quick.known(DECIDERS, session, moment)] == expected
            seen += 1
    assert seen > 50


def test_a_past_is_as_it_was(grid: MemoryGrid, log: IndexedLog, tmp_path: Path) -> None:
    runs = [grid.ask(text, who) for text in ("green?", "blue?") for who in ("ada", "bob")]
    index(grid, log)
    none = SnapshotFolder(tmp_path / "none")
    plain, quick = (Traveller(one, grid.wire, none) for one in (grid.log, log))
    for run in runs:
        assert past_of(run, DECIDERS, quick) == past_of(run, DECIDERS, plain)
