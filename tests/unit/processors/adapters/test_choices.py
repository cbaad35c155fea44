"""Tools, forms and several answers: what a server is told, and what its answers mean."""

import json
from typing import Any

import pytest
from starlette.responses import JSONResponse

from processors.models.ports import Answer, Called, Piece, Said
from streams.events import sessions as s
from tests.unit.processors.adapters.model_endpoint import (
    USAGE,
    Endpoint,
    completion,
    endpoint,
    streamed,
)
from tests.unit.processors.examples import PASSAGES, asked

__all__ = ["endpoint"]

TOOL = {"type": "function", "function": {"name": "measure", "parameters": {"b": 1, "a": 2}}}
CALL = s.ToolCall(id="c1", name="measure", arguments='{"what": "Größe"}')


async def test_what_the_grid_does_not_read_is_told_as_it_stands(endpoint: Endpoint) -> None:
    verbatim = {"tools": [TOOL], "tool_choice": "required", "model": "another", "n": 9}
    options = s.Options(
        top_p=0.5, max_tokens=6, seed=-1, stop=("\n",), n=2, verbatim=json.dumps(verbatim)
    )
    turns = (
        s.Message(role="user", content="How tall?", name="ada"),
        s.Message(role="assistant", content="", tool_calls=(CALL,)),
        s.Message(role="tool", content="324 m", tool_call_id="c1"),
    )
    await endpoint.model().answer(asked(passages=(), options=options, messages=turns), print)
    ((body, _),) = endpoint.asked
    function = {"name": "measure", "arguments": CALL.arguments}
    assert body == {
        "model": "m",
        "messages": [
            {"role": "user", "content": "How tall?", "name": "ada"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": function}],
            },
            {"role": "tool", "content": "324 m", "tool_call_id": "c1"},
        ],
        "stream": False,
        "tools": [TOOL],
        "tool_choice": "required",
        "top_p": 0.5,
        "max_tokens": 6,
        "seed": -1,
        "stop": ["\n"],
        "n": 2,
    }
    assert list(body["tools"][0]["function"]["parameters"]) == ["b", "a"]  # models heed the order


def whole_choices() -> dict[str, Any]:
    function = {"name": CALL.name, "arguments": CALL.arguments}
    call = {"id": CALL.id, "type": "function", "function": function}
    first = {"role": "assistant", "content": None, "tool_calls": [call]}
    second = {"role": "assistant", "content": "324 m [1]."}
    choices = [
        {"index": 1, "message": second, "finish_reason": "length"},
        {"index": 0, "message": first, "finish_reason": "tool_calls"},
    ]
    return completion(choices=choices)


def cut_choices() -> list[bytes]:
    began = {"index": 0, "id": CALL.id, "type": "function", "function": {"name": CALL.name}}
    deltas: list[tuple[int, dict[str, Any], str | None]] = [
        (0, {"role": "assistant", "content": None, "tool_calls": [began]}, None),
        (1, {"content": "324 m"}, None),
        (0, {"tool_calls": [{"index": 0, "function": {"arguments": CALL.arguments[:5]}}]}, None),
        (0, {"tool_calls": [{"index": 0, "function": {"arguments": CALL.arguments[5:]}}]}, None),
        (1, {"content": " [1]."}, "length"),
        (0, {}, "tool_calls"),
    ]
    chunks = [
        {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}
        for index, delta, finish in deltas
    ]
    told = [*chunks, {"choices": [], "usage": USAGE}]
    return [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in told]


@pytest.mark.parametrize("stream", [False, True])
async def test_calls_of_tools_and_several_answers_are_read_whole_as_in_pieces(
    stream: bool, endpoint: Endpoint
) -> None:
    endpoint.answer = streamed(*cut_choices()) if stream else JSONResponse(whole_choices())
    pieces: list[Piece] = []
    answer = await endpoint.model().answer(asked(stream=stream), pieces.append)
    assert isinstance(answer, Answer)
    other = s.Alternative(text="324 m [1].", tool_calls=(), finish_reason="length")
    assert answer._replace(citations=()) == Answer("", (), "tool_calls", 7, 2, (CALL,), (other,))
    assert [c.memory_id for c in answer.citations] == [PASSAGES[0].memory_id]
    if stream:
        assert pieces == [
            Called(0, "c1", "measure", ""),
            Said("324 m", 1),
            Called(0, "c1", "measure", CALL.arguments[:5]),
            Called(0, "c1", "measure", CALL.arguments[5:]),
            Said(" [1].", 1),
        ]
