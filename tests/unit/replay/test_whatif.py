"""One change over many runs: who answers now, what the record could tell, what it would earn."""

from pathlib import Path

import pytest

from replay.earnings import earnings
from replay.figures import Report, Told, put_together
from replay.histories import histories
from replay.prices import Price
from replay.whatif import Change, judged, whatif
from streams.events import sessions as s
from streams.ids import RunId
from tests.unit.replay.memory_grid import DECIDERS, PARTITIONS, MemoryGrid
from tests.unit.replay.test_fork import recorded

PRICES = {"gray": Price(1.0, 10.0), "blue": Price(2.0, 20.0)}
ALL_BLUE = Change(kind=s.RequestReceived, fields={"model": "blue-talk"})


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path)


def report(
    grid: MemoryGrid, change: Change, runs: list[RunId], told: dict[RunId, Told] | None = None
) -> Report:
    pasts = (p for n in range(PARTITIONS) for p in histories(DECIDERS, grid.log, grid.wire, n))
    rows = whatif(pasts, change, recorded(grid, *runs))
    return put_together((row and judged(row, told or {}) for row in rows), PRICES)


def test_runs_that_go_to_another_are_counted_from_whom_to_whom(grid: MemoryGrid) -> None:
    runs = [grid.ask(text, session) for text in ("green?", "blue?") for session in "ab"]
    made = report(grid, ALL_BLUE, runs)
    assert len(made.rows) == 4
    assert made.moves == {("gray-talk", "blue-talk"): 2}
    assert [row.differs for row in made.rows].count(True) == 2


def test_only_what_the_record_can_answer_is_covered(grid: MemoryGrid) -> None:
    runs = [grid.ask("green?"), grid.ask("grass?"), grid.ask("green?", "bob", model="blue")]
    made = report(grid, ALL_BLUE, runs)
    by_question = {(row.question, row.before): row for row in made.rows}
    assert by_question["green?", "gray-talk"].covered
    assert by_question["green?", "gray-talk"].forked.text == "blue: green?"
    assert not by_question["grass?", "gray-talk"].covered
    assert made.forked.tokens == made.recorded.tokens == 2 * (len("green?") + len("gray: green?"))
    once = (1.0 * len("green?") + 10.0 * len("gray: green?")) / 1_000_000
    assert made.recorded.cost == pytest.approx(3 * once)
    assert made.forked.cost == pytest.approx(4 * once)


def test_a_run_that_the_record_cannot_route_is_no_move_and_no_loss(grid: MemoryGrid) -> None:
    """What was never asked was never understood: who would answer it is not known."""
    run = grid.ask("green?")
    change = Change(kind=s.RequestReceived, fields={"text": "never asked"})
    made = report(grid, change, [run], {run: Told(1.0, "gray-talk")})
    assert (made.unrouted, len(made.covered)) == (1, 0)
    assert (made.moves, made.wins, made.losses, earnings(made.rows)) == ({}, 0, 0, None)


def test_a_run_whose_answer_alone_is_missing_is_routed(grid: MemoryGrid) -> None:
    run = grid.ask("grass?")
    made = report(grid, ALL_BLUE, [run], {run: Told(1.0, "gray-talk")})
    assert (made.unrouted, len(made.covered)) == (0, 0)
    assert (made.moves, made.losses) == ({("gray-talk", "blue-talk"): 1}, 1)


def test_a_run_without_the_event_is_passed_over(grid: MemoryGrid) -> None:
    runs = [grid.ask("green?"), grid.ask("green?", "bob", model="nobody")]
    made = report(grid, Change(kind=s.InferenceRequested, fields={"model": "blue"}), runs)
    assert (len(made.rows), made.passed_over) == (1, 1)


def test_what_people_said_makes_wins_and_losses_and_estimates(grid: MemoryGrid) -> None:
    runs = [grid.ask("green?", session) for session in "abcd"]
    told = {
        runs[0]: Told(0.0, "blue-talk"),
        runs[1]: Told(1.0, "gray-talk"),
        runs[2]: Told(1.0, "gray-talk"),
    }
    made = report(grid, ALL_BLUE, runs, told)
    assert (made.wins, made.losses) == (1, 2)
    earned = earnings(made.rows)
    assert earned is not None
    assert earned.logged.value == pytest.approx(2 / 3)
    assert earned.changed.value == pytest.approx(1 / 3)
    same = earnings(report(grid, Change(kind=s.RequestReceived, fields={}), runs, told).rows)
    assert same is not None
    assert same.changed.value == pytest.approx(2 / 3)
