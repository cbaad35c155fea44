"""Functions and forms in `/v1/responses`, as the official client sends and reads them."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import BaseModel

from streams.events import sessions as s
from streams.events.sessions import Message, RequestReceived
from tests.unit.gateway.door import called, completed, opened, piece
from tests.unit.gateway.test_openai_client import client_of

CALLS = (
    s.ToolCall(id="c1", name="measure", arguments='{"what": "tower"}'),
    s.ToolCall(id="c2", name="measure", arguments='{"what": "bridge"}'),
)
PARAMETERS = {"type": "object", "properties": {"what": {"type": "string"}}}
TOOL: Any = {"type": "function", "name": "measure", "parameters": PARAMETERS, "strict": False}
SCHEMA = {"type": "object", "properties": {"metres": {"type": "number"}}}
FORM: Any = {
    "format": {"type": "json_schema", "name": "height", "schema": SCHEMA},
    "verbosity": "low",
}


class Height(BaseModel):
    metres: float


def returned(output: Any = "324", call: str = "c1") -> Any:
    return {"type": "function_call_output", "call_id": call, "output": output}


def calls(request: RequestReceived) -> Any:
    """Call, unless the calls were answered."""
    run = request.run_id
    if request.messages[-1].role == "tool":
        return (completed(run, "324 m and 300 m."),)
    arguments = CALLS[0].arguments
    return (
        called(run, 0, arguments[:5]),
        called(run, 5, arguments[5:]),
        completed(run, "", tool_calls=CALLS, finish_reason="tool_calls"),
    )


def says_and_calls(request: RequestReceived) -> Any:
    run = request.run_id
    made = completed(run, "Let me see.", tool_calls=CALLS[:1], finish_reason="tool_calls")
    return (piece(run, 0, "Let me"), made)


async def test_a_function_is_called_and_what_it_returned_is_gone_on_with(tmp_path: Path) -> None:
    async with client_of(tmp_path, calls) as (door, client):
        first = await client.responses.create(
            model="gpt", input="How tall?", tools=[TOOL], parallel_tool_calls=True,
            tool_choice={"type": "function", "name": "measure"},
        )  # fmt: skip
        again = await client.responses.retrieve(first.id)
        done = await client.responses.create(
            model="gpt", tools=[TOOL], previous_response_id=first.id,
            input=[returned(), returned([{"type": "input_text", "text": "300"}], "c2")],
        )  # fmt: skip
        items = await client.responses.input_items.list(done.id, order="asc")
        asked, followed = [e.event for e in door.grid.requests()]
    assert [(i.type, i.call_id, i.name, i.arguments) for i in first.output] == [  # type: ignore[union-attr]
        ("function_call", c.id, c.name, c.arguments) for c in CALLS
    ]
    assert again.output == first.output
    assert (first.tools[0].name, first.tools[0].parameters) == ("measure", PARAMETERS)  # type: ignore[union-attr]
    assert first.tool_choice.name == "measure"  # type: ignore[union-attr]
    assert orjson.loads(asked.options.verbatim) == {
        "tools": [
            {
                "type": "function",
                "function": {"name": "measure", "parameters": PARAMETERS, "strict": False},
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "measure"}},
        "parallel_tool_calls": True,
    }
    assert done.output_text == "324 m and 300 m."
    assert followed.messages == (
        Message(role="user", content="How tall?"),
        Message(role="assistant", content="", tool_calls=CALLS),
        Message(role="tool", content="324", tool_call_id="c1"),
        Message(role="tool", content="300", tool_call_id="c2"),
    )
    assert [i.type for i in items.data] == [
        "message", "function_call", "function_call", "function_call_output", "function_call_output",
    ]  # fmt: skip


async def test_a_client_may_bring_the_whole_conversation_itself(tmp_path: Path) -> None:
    async with client_of(tmp_path, calls) as (door, client):
        said: list[Any] = [{"role": "user", "content": "How tall?"}]
        first = await client.responses.create(model="gpt", input=said, tools=[TOOL], store=False)
        said += [item.model_dump() for item in first.output]
        said += [returned(), returned("300", "c2")]
        done = await client.responses.create(model="gpt", input=said, tools=[TOOL], store=False)
        *_, followed = door.grid.requests()
    assert done.output_text == "324 m and 300 m."
    assert [m.role for m in followed.event.messages] == ["user", "assistant", "tool", "tool"]
    assert followed.event.messages[1].tool_calls == CALLS


@pytest.mark.parametrize("script", [calls, says_and_calls])
async def test_calls_are_streamed_and_taken_up_behind_any_number(
    script: Any, tmp_path: Path
) -> None:
    async with client_of(tmp_path, script) as (_, client):
        async with client.responses.stream(model="gpt", input="How tall?", tools=[TOOL]) as stream:
            events = [event async for event in stream]
            whole = await stream.get_final_response()
        rests = []
        for event in events:
            stream_again = await client.responses.retrieve(
                whole.id, stream=True, starting_after=event.sequence_number
            )
            rests.append([(e.type, e.sequence_number) async for e in stream_again])
    numbers = [e.sequence_number for e in events]
    assert numbers == sorted(set(numbers))
    done = [e for e in events if e.type == "response.output_item.done"]
    shown: Any = whole.output
    assert [e.item.id for e in done] == [item.id for item in shown]
    assert [e.output_index for e in done] == list(range(len(whole.output)))
    told = [(str(e.type), e.sequence_number) for e in events]
    for at, rest in enumerate(rests):
        behind = [one for one in told[at + 1 :] if "text.delta" not in one[0]]
        assert [one for one in rest if "text.delta" not in one[0]] == behind


async def test_a_form_of_the_answer_reaches_the_model_and_is_read(tmp_path: Path) -> None:
    def told(request: RequestReceived) -> Any:
        return (completed(request.run_id, '{"metres": 324}'),)

    async with client_of(tmp_path, told) as (door, client):
        parsed = await client.responses.parse(model="gpt", input="How tall?", text_format=Height)
        made = await client.responses.create(
            model="gpt", input="How tall?", text=FORM, reasoning={"effort": "low"}
        )
        _, request = door.grid.requests()
    assert parsed.output_parsed == Height(metres=324)
    assert orjson.loads(request.event.options.verbatim) == {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "height", "schema": SCHEMA},
        },
        "verbosity": "low",
        "reasoning_effort": "low",
    }
    shown = made.model_dump()
    assert shown["text"]["format"]["schema_"] == SCHEMA
    assert (shown["text"]["verbosity"], shown["reasoning"]["effort"]) == ("low", "low")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice.type"),
        ({"tool_choice": "perhaps"}, "tool_choice"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"input": [{"type": "function_call_output", "output": "1"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call", "call_id": "c", "arguments": ""}]}, "input[0].name"),
        ({"input": [{"type": "computer_call"}]}, "input[0]"),
        ({"input": [returned()]}, "input"),
        ({"parallel_tool_calls": "yes"}, "parallel_tool_calls"),
    ],
)
async def test_a_wrong_field_is_named(fields: Any, param: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        body = {"model": "aether", "input": "a", **fields}
        answer = await door.http.post("/v1/responses", json=body)
        assert door.grid.requests() == []
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


async def test_what_is_not_heeded_of_reasoning_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path, calls) as door:
        reasoning = {"effort": "low", "summary": "auto"}
        body = {"model": "aether", "input": "a", "reasoning": reasoning}
        answer = await door.http.post("/v1/responses", json=body)
    assert answer.headers["x-aether-ignored"] == "reasoning.summary"
