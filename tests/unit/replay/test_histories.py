"""One pass over a partition gives every run as it was."""

from pathlib import Path
from typing import Any

import pytest

from replay.fork import Branch, Forker
from replay.grid import rule_of
from replay.histories import histories
from replay.past import Past, past_of
from replay.rebuild import Rebuilder
from replay.travel import Moment, Traveller
from streams.events import sessions as s
from streams.io.snapshots import SnapshotFolder
from streams.topics import SESSIONS
from tests.unit.replay.memory_grid import DECIDERS, PARTITIONS, MemoryGrid
from tests.unit.replay.test_fork import recorded

QUESTIONS = [(f"{text}?", session) for text in ("green", "blue", "grass") for session in "abcd"]


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path)


def all_of(grid: MemoryGrid) -> dict[str, Past]:
    found = [p for n in range(PARTITIONS) for p in histories(DECIDERS, grid.log, grid.wire, n)]
    assert len({past.run_id for past in found}) == len(found)
    return {past.run_id: past for past in found}


def test_every_run_is_as_it_is_when_asked_for_alone(grid: MemoryGrid) -> None:
    runs = [grid.ask(text, session) for text, session in QUESTIONS]
    goes = Traveller(grid.log, grid.wire, grid.snapshots)
    found = all_of(grid)
    assert found.keys() == set(runs)
    for run_id in runs:
        alone = past_of(run_id, DECIDERS, goes)
        assert found[run_id].stream == alone.stream
        assert list(found[run_id].standpoints) == list(alone.standpoints)


def test_a_fact_of_the_grid_in_the_middle_is_known_from_then_on(grid: MemoryGrid) -> None:
    first = grid.ask("green?")
    grid.adopt("green")
    second = grid.ask("green?", model="gray")
    found = all_of(grid)
    versions = [found[run].standpoints[0].grid.version for run in (first, second)]
    assert versions[0] != versions[1]


def test_every_run_can_be_forked(grid: MemoryGrid) -> None:
    runs = [grid.ask(text, session) for text, session in QUESTIONS]
    forker = Forker(recorded(grid, *runs))
    for past in all_of(grid).values():
        at = past.first(s.RequestReceived)
        assert at is not None
        forked = forker.fork(past, Branch(at=at, changes={"model": "blue-talk"}))
        routed = [e.event for e in forked.events if isinstance(e.event, s.RequestRouted)]
        assert [event.capability for event in routed] == ["blue-talk"]


@pytest.mark.parametrize(
    "changes",
    [None, {"@grid.CapabilityAdopted.description": "other"}, {"@grid": 3}, {"@grid": 10_000}],
)
def test_runs_behind_snapshots_are_as_they_are_from_the_start(
    grid: MemoryGrid, tmp_path: Path, changes: dict[str, Any] | None
) -> None:
    for text, session in QUESTIONS[:6]:
        grid.ask(text, session)
    ends = {n: grid.log.span(SESSIONS.name, n).end for n in range(PARTITIONS)}
    positions = {(str(d.name), SESSIONS.name, n): end for d in DECIDERS for n, end in ends.items()}
    none, fresh = SnapshotFolder(tmp_path / "none"), SnapshotFolder(tmp_path / "fresh")
    assert list(Rebuilder(grid.log, grid.wire, none, fresh, positions).rebuild(DECIDERS))
    grid.adopt("green")
    for text, session in QUESTIONS[6:]:
        grid.ask(text, session)
    rule, goes = rule_of(changes or {}, DECIDERS), Traveller(grid.log, grid.wire, fresh)
    behind = 0
    for n, end in ends.items():
        now = Moment(n, grid.log.span(SESSIONS.name, n).end)
        near = goes.nearest(DECIDERS, now)
        assert [standing.since for standing in near] == [end] * len(DECIDERS)
        found = list(histories(DECIDERS, grid.log, grid.wire, n, rule, near=near))
        whole = histories(DECIDERS, grid.log, grid.wire, n, rule)
        assert found == [past for past in whole if past.began.position >= end]
        behind += len(found)
    assert 0 < behind < len(QUESTIONS)
