"""Two runs are aligned by cause: same, changed, missing, extra."""

from pathlib import Path

import pytest

from replay.diff import Field, Verdict, diff
from replay.runs import events_of
from streams.events import sessions as s
from tests.unit.replay.memory_grid import MemoryGrid
from tests.unit.replay.test_fork import fork, forker


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path)


def test_a_run_is_the_same_as_itself_told_again(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    told = fork(grid, run_id, s.RequestReceived)
    compared = diff(events_of(run_id, grid.log, grid.wire), told.events)
    assert compared.same
    assert compared.text == []
    assert compared.left.outcome == compared.right.outcome == "completed"


def test_runs_that_speak_otherwise_differ_where_they_do(grid: MemoryGrid) -> None:
    run_id, other = grid.ask("green?"), grid.ask("green?", "bob", model="blue")
    told = fork(grid, run_id, s.RequestRouted, forker(grid, run_id, other), capability="blue-talk")
    compared = diff(events_of(run_id, grid.log, grid.wire), told.events)
    changed = {
        type(row.left.event).__name__: row.fields
        for row in compared.rows
        if row.verdict is Verdict.CHANGED and row.left is not None
    }
    assert changed["RequestRouted"] == (Field("capability", "gray-talk", "blue-talk"),)
    assert changed["InferenceRequested"] == (Field("model", "gray", "blue"),)
    assert {row.verdict for row in compared.rows} == {Verdict.SAME, Verdict.CHANGED}
    assert compared.text[-2:] == ["-gray: green?", "+blue: green?"]


def test_an_event_of_another_kind_in_its_place_is_a_change(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    told = fork(grid, run_id, s.InferenceRequested, text="never asked")
    compared = diff(events_of(run_id, grid.log, grid.wire), told.events)
    kinds = [row.fields for row in compared.rows if row.fields and row.fields[0].path == ""]
    assert kinds == [
        (Field("", "InferenceCompleted", "InferenceFailed"),),
        (Field("", "ResponseCompleted", "RunFailed"),),
    ]
    assert compared.right.outcome == "failed: model_away"


def test_what_one_run_lacks_is_missing_or_extra(grid: MemoryGrid) -> None:
    events = events_of(grid.ask("green?"), grid.log, grid.wire)
    assert [row.verdict for row in diff(events, events[:-1]).rows].count(Verdict.MISSING) == 1
    extra = diff(events[:-1], events)
    assert [row.verdict for row in extra.rows].count(Verdict.EXTRA) == 1
    assert (extra.left.outcome, extra.right.outcome) == ("open", "completed")


def test_two_runs_of_one_question_are_the_same_but_for_their_ids(grid: MemoryGrid) -> None:
    runs = [grid.ask("green?", session) for session in ("ada", "bob")]
    assert diff(*(events_of(run_id, grid.log, grid.wire) for run_id in runs)).same
