"""Partitions folded side by side, each in a process: the same states, in the same order."""

from functools import partial
from pathlib import Path

import pytest

from benchmarks.systems.history import DECIDERS, History, open_wire
from replay.abreast import Task, rebuild_abreast
from replay.rebuild import Rebuilder, Rebuilt
from streams.errors import LogTruncated
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import SnapshotFolder
from streams.log import Draft
from streams.topics import SESSIONS

RECORDS = 400


def task(folder: Path, known: str, fresh: str) -> Task:
    """Return a task over a history that is the same in every process."""
    broker = MemoryBroker({SESSIONS.name: SESSIONS.partitions})
    wire = open_wire(DirectoryStore(folder / "objects"))
    for _, partition, _, _, key, value, headers in History(wire).records(RECORDS):
        broker.land(Draft(SESSIONS.name, partition, key, value, headers))
    before, after = SnapshotFolder(folder / known), SnapshotFolder(folder / fresh)
    log = MemoryLog(broker)
    ends = {p: log.span(SESSIONS.name, p).end for p in range(SESSIONS.partitions)}
    positions = {(str(d.name), SESSIONS.name, p): end for d in DECIDERS for p, end in ends.items()}
    return Task(Rebuilder(log, wire, before, after, positions), DECIDERS)


def lost(folder: Path) -> Task:
    """Return no task."""
    raise LogTruncated(f"nothing is in {folder}")


def told(states: list[Rebuilt]) -> list[Rebuilt]:
    return [state._replace(seconds=0.0) for state in states]


def written(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_processes_come_to_the_states_and_snapshots_of_one(tmp_path: Path) -> None:
    alone, heard = task(tmp_path, "none", "one"), list[int]()
    expected = list(alone.rebuilder.rebuild(alone.deciders))
    opening = partial(task, tmp_path, "one", "two")
    states = rebuild_abreast(opening, opening(), heard.append, worth=0, cores=2)
    assert [(s.topic, s.partition, s.decider, s.after) for s in states] == [
        (s.topic, s.partition, s.decider, s.after) for s in expected
    ]
    assert [s.before for s in states] == [s.after for s in expected]
    assert all(s.same for s in states)
    assert sum(s.keys for s in states) > 0
    assert len(heard) == SESSIONS.partitions
    assert sum(heard) == sum(s.records for s in states) / len(DECIDERS)
    assert written(tmp_path / "one") == written(tmp_path / "two") != {}


def test_a_small_log_is_folded_where_it_is_asked_for(tmp_path: Path) -> None:
    here, heard = task(tmp_path, "none", "one"), list[int]()
    states = rebuild_abreast(partial(lost, tmp_path), here, heard.append)
    assert told(states) == told(list(here.rebuilder.rebuild(here.deciders)))
    assert sum(heard) == sum(s.records for s in states) / len(DECIDERS)


def test_what_a_process_raises_is_raised_here(tmp_path: Path) -> None:
    here = task(tmp_path, "none", "one")
    with pytest.raises(LogTruncated, match="nothing is in"):
        rebuild_abreast(partial(lost, tmp_path), here, lambda _: None, worth=0, cores=2)
