"""A run is told again as if other facts had been in force, alone or among many."""

from pathlib import Path
from typing import Any

import pytest

from replay.fork import Branch, Forked
from replay.grid import rule_of, under
from replay.histories import histories
from replay.past import Past
from replay.travel import Traveller
from streams.errors import Misconfigured
from streams.events import sessions as s
from streams.ids import RunId
from tests.unit.replay.memory_grid import DECIDERS, PARTITIONS, MemoryGrid
from tests.unit.replay.test_fork import forker, past

BLUE = {"@grid.CapabilityAdopted[gray-talk].model": "blue"}


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path)


def retold(grid: MemoryGrid, run_id: RunId, changes: dict[str, Any], *record: RunId) -> Forked:
    goes = Traveller(grid.log, grid.wire, grid.snapshots)
    then = under(past(grid, run_id), changes, goes)
    at = then.first(s.RequestReceived)
    assert at is not None
    return forker(grid, run_id, *record).fork(then, Branch(at=at, changes=changes))


def answer(forked: Forked) -> str:
    return next(e.event.text for e in forked.events if isinstance(e.event, s.ResponseCompleted))


def many(grid: MemoryGrid, changes: dict[str, Any]) -> dict[str, Past]:
    rule = rule_of(changes, DECIDERS)
    return {
        found.run_id: found
        for n in range(PARTITIONS)
        for found in histories(DECIDERS, grid.log, grid.wire, n, rule)
    }


def test_one_fact_is_changed_and_another_model_speaks_for_the_same_capability(
    grid: MemoryGrid,
) -> None:
    run_id, other = grid.ask("green?"), grid.ask("green?", "bob", model="blue")
    forked = retold(grid, run_id, BLUE, other)
    routed = [e.event.capability for e in forked.events if isinstance(e.event, s.RequestRouted)]
    assert (routed, answer(forked)) == (["gray-talk"], "blue: green?")


def test_facts_of_a_later_time_send_a_request_elsewhere(grid: MemoryGrid) -> None:
    run_id = grid.ask("purple?")
    grid.adopt("purple")
    end = max(grid.log.span("aether.sessions.events", n).end for n in range(PARTITIONS))
    for changes, expected in (({"@grid": end}, "purple-talk"), ({}, "blue-talk")):
        forked = retold(grid, run_id, changes)
        routed = [e.event for e in forked.events if isinstance(e.event, s.RequestRouted)]
        assert [event.capability for event in routed] == [expected]


@pytest.mark.parametrize("changes", [BLUE, {"@grid": 1}, {"@grid": 1_000}, {"@grid": 2, **BLUE}])
def test_many_runs_begin_as_each_does_alone(grid: MemoryGrid, changes: dict[str, Any]) -> None:
    runs = [grid.ask(f"{text}?", who) for text in ("green", "blue") for who in "abc"]
    grid.adopt("green")
    runs += [grid.ask("grass?", who) for who in "abc"]
    found, goes = many(grid, changes), Traveller(grid.log, grid.wire, grid.snapshots)
    assert found.keys() == set(runs)
    for run_id in runs:
        alone = under(past(grid, run_id), changes, goes)
        assert list(found[run_id].standpoints) == list(alone.standpoints)
        assert found[run_id].stream == alone.stream


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"@grid.Nothing.x": 1}, "names no fact"),
        ({"@grid.CapabilityAdopted": 1}, "names no fact"),
        ({"@grid.CapabilityAdopted[red-talk].model": "x"}, "no fact in force"),
        ({"@grid.CapabilityAdopted.nothing": 1}, "has no nothing"),
        ({"@grid.CapabilityAdopted.version": "x"}, "cannot hold"),
        ({"@grid": "yesterday"}, "no time"),
        ({"@grid": -1}, "no time"),
        ({"@grid": True}, "no time"),
    ],
)
def test_a_fact_that_cannot_be_changed_so_is_refused(
    grid: MemoryGrid, changes: dict[str, Any], said: str
) -> None:
    run_id = grid.ask("green?")
    with pytest.raises(Misconfigured, match=said):
        retold(grid, run_id, changes)
