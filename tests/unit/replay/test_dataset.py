"""Training data says what the log says, each thing once, and never tests on what it taught."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from replay.dataset.examples import Example, example_of, pasts
from replay.dataset.rows import chat_row, unrepeated
from replay.unrepeated import Ends
from replay.where import Condition
from streams.events import sessions as s
from streams.ids import RunId
from tests.unit.replay.memory_grid import MemoryGrid
from tests.unit.replay.test_fork import past


def conversation(asked: s.InferenceRequested) -> Any:
    return asked.messages


def examples(grid: MemoryGrid, ends: Ends = MappingProxyType({})) -> dict[RunId, Example]:
    found = (example_of(past, conversation) for past in pasts(grid.log, grid.wire, ends))
    return {example.run_id: example for example in found if example is not None}


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path / "grid")


def test_a_run_is_a_chat_that_names_its_events(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?", session="ada")
    row = chat_row(examples(grid)[run_id])
    own = [e for e in past(grid, run_id).stream if e.run_id == run_id]
    kinds = (s.RequestReceived, s.InferenceRequested, s.ResponseCompleted)
    assert row.ties == ("question green?", "session ada")
    assert row.plain == {
        "messages": [
            {"role": "user", "content": "green?"},
            {"role": "assistant", "content": "gray: green?"},
        ],
        "metadata": {
            "run_id": run_id,
            "session": "ada",
            "at_ms": own[0].recorded_at_ms,
            "capability": "gray-talk",
            "model": "gray",
            "event_ids": [next(e.event_id for e in own if isinstance(e.event, k)) for k in kinds],
        },
    }


def test_what_the_model_was_told_beside_the_conversation_can_be_taken_in(grid: MemoryGrid) -> None:
    grid.ask("green?")
    (told,) = pasts(grid.log, grid.wire, {})

    def whole(asked: s.InferenceRequested) -> Any:
        return [s.Message(role="system", content=asked.passages[0].text), *asked.messages]

    made = example_of(told, whole)
    assert made is not None
    assert [m.content for m in made.messages] == ["what the shelf holds", "green?"]


def test_the_tools_of_a_run_are_those_its_model_was_told_of(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    whole = next(told for told in pasts(grid.log, grid.wire, {}) if told.run_id == run_id)
    calls = (s.ToolCall(id="c", name="look", arguments="{}"),)

    def otherwise(event: Any) -> Any:
        if isinstance(event, s.InferenceRequested):
            return replace(event, options=s.Options(verbatim='{"tools":[]}'))
        return replace(event, tool_calls=calls) if isinstance(event, s.ResponseCompleted) else event

    stream = [e._replace(event=otherwise(e.event)) for e in whole.stream]
    made = example_of(whole._replace(stream=stream), conversation)
    assert made is not None
    assert (made.verbatim, made.calls) == ('{"tools":[]}', calls)


def test_the_same_content_is_taught_once_and_the_first_time_counts(grid: MemoryGrid) -> None:
    runs = [grid.ask("green?", session=name) for name in ("ada", "bob")]
    grid.ask("blue?", session="bob")
    rows = [chat_row(example) for example in examples(grid).values()]
    kept_rows = unrepeated(reversed(rows))
    assert [row.plain["messages"][0]["content"] for row in kept_rows] == ["green?", "blue?"]
    assert kept_rows[0].plain["metadata"]["run_id"] == runs[0]


def test_a_condition_is_about_the_runs_own_events(grid: MemoryGrid) -> None:
    green, blue = grid.ask("green?"), grid.ask("blue?", session="bob")
    told = {past.run_id: past for past in pasts(grid.log, grid.wire, {})}
    routed = Condition("RequestRouted", "capability", "blue-talk")
    assert [routed.holds(told[run_id]) for run_id in (green, blue)] == [False, True]
    nested = Condition("RequestReceived", "messages.0.content", "green?")
    assert [nested.holds(told[run_id]) for run_id in (green, blue)] == [True, False]
    assert not Condition("RequestReceived", "messages.7.content", "x").holds(told[green])
    assert not Condition("RequestReceived", "text.no.such", None).holds(told[green])
    assert not Condition("RequestReceived", "nothing", None).holds(told[green])
    assert Condition("RequestReceived", "remember_in", None).holds(told[green])
