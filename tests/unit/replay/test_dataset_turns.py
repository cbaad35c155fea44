"""Rows hold what trainers take: OpenAI's fine-tuning, and TRL's preference datasets."""

import json
from typing import Any

from replay.dataset.examples import Example
from replay.dataset.files import CHAT, contents
from replay.dataset.rows import Split, chat_row, pair_rows, run_row
from streams.events.sessions import Message, ToolCall
from tests.unit.replay.test_dataset_split import example

CALL = ToolCall(id="c1", name="look", arguments='{"at": 1}')
SHOWN = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
TURNS = (
    Message(role="developer", content="Be brief."),
    Message(role="user", content="what?", name="ada"),
    Message(role="assistant", content="", tool_calls=(CALL,)),
    Message(role="tool", content="seen", name="look", tool_call_id="c1"),
    Message(role="assistant", content="That."),
    Message(role="user", content="and?"),
)


def told(**other: Any) -> Example:
    asked = {"tools": [TOOL, {"type": "custom", "custom": {}}], "parallel_tool_calls": False}
    made = example(1, "and?", "this", messages=TURNS, verbatim=json.dumps(asked))
    return made._replace(**other)


def test_a_chat_has_the_roles_keys_and_weights_that_fine_tuning_takes() -> None:
    assert chat_row(told(calls=(CALL,))).plain["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "what?", "name": "ada"},
        {"role": "assistant", "content": None, "tool_calls": [SHOWN], "weight": 0},
        {"role": "tool", "content": "seen", "tool_call_id": "c1"},
        {"role": "assistant", "content": "That.", "weight": 0},
        {"role": "user", "content": "and?"},
        {"role": "assistant", "content": "this", "tool_calls": [SHOWN]},
    ]


def test_the_tools_that_could_be_called_are_beside_the_messages_and_nothing_else() -> None:
    row = chat_row(told())
    files = contents(CHAT, Split([row], []))
    (taught,), (origin,) = files["train.jsonl"], files["train.origins.jsonl"]
    assert {name: taught[name] for name in taught if name != "messages"} == {
        "tools": [TOOL],
        "parallel_tool_calls": False,
    }
    assert origin["event_ids"] == ["event-1"]
    assert chat_row(told(verbatim="")).plain.keys() == {"messages", "metadata"}


def test_a_prompt_of_a_pair_ends_with_its_user() -> None:
    pair = [told(reward=1.0), told(answer="that", reward=0.0)]
    (row,) = pair_rows(pair)
    assert row.plain["prompt"][0] == {"role": "system", "content": "Be brief."}
    assert row.plain["prompt"][-1] == {"role": "user", "content": "and?"}
    assert all("weight" not in each for each in row.plain["prompt"])
    assert list(pair_rows(each._replace(messages=TURNS[:4]) for each in pair)) == []
    assert list(pair_rows(each._replace(messages=()) for each in pair)) == []


def test_a_table_of_runs_has_the_turns_as_they_were() -> None:
    plain = run_row(told()).plain
    assert json.loads(plain["messages"])[0]["role"] == "developer"
    assert {"calls", "verbatim"}.isdisjoint(plain)
