"""What a chat request may say: every field that is wrong is named, and nothing else is refused."""

from typing import Any

import orjson
import pytest

from gateway import answers, chat
from gateway.errors import ApiError
from streams.events import sessions as s
from streams.ids import ModelName, RunId, ScopeId
from tests.unit.gateway.door import body, completed

RUN = RunId("run")
SCOPES = (ScopeId("grid"), ScopeId("session:s1"))


def said(*messages: tuple[str, Any]) -> dict[str, Any]:
    return {"model": "aether", "messages": [{"role": r, "content": c} for r, c in messages]}


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"messages": [{"role": "user", "content": "x"}]}, "model"),
        (body(model=""), "model"),
        (body(model=7), "model"),
        (body(model="m" * 201), "model"),
        ({"model": "aether"}, "messages"),
        (body(messages=[]), "messages"),
        (body(messages="How tall?"), "messages"),
        (body(messages=["How tall?"]), "messages[0]"),
        (body(messages=[{"content": "x"}]), "messages[0].role"),
        (said(("user", "x"), ("wizard", "y")), "messages[1].role"),
        (said(("user", 7)), "messages[0].content"),
        (said(("user", {"text": "x"})), "messages[0].content"),
        (said(("user", [{"type": "image_url", "image_url": {}}])), "messages[0].content[0].type"),
        (said(("user", [{"type": "text"}])), "messages[0].content[0].text"),
        (said(("system", "be brief")), "messages"),
        (said(("user", "")), "messages"),
        (said(("user", " \n")), "messages"),
        (said(("user", None)), "messages"),
        (said(("user", "x"), ("user", "")), "messages"),
        (body(stream="yes"), "stream"),
        (body(stream_options=True), "stream_options"),
        (body(stream_options={"include_usage": "yes"}), "stream_options.include_usage"),
        (body(temperature=-0.1), "temperature"),
        (body(temperature=2.1), "temperature"),
        (body(temperature="hot"), "temperature"),
        (body(top_p=1.5), "top_p"),
        (body(max_tokens=0), "max_tokens"),
        (body(max_tokens="5"), "max_tokens"),
        (body(max_tokens=1.5), "max_tokens"),
        (body(max_tokens=2**63), "max_tokens"),
        (body(max_completion_tokens=-1), "max_completion_tokens"),
        (body(n=0), "n"),
        (body(n=129), "n"),
        (body(n="2"), "n"),
        (body(tools="measure"), "tools"),
        (body(tools=[{"type": "custom", "custom": {"name": "f"}}]), "tools[0].type"),
        (body(tools=[{"type": "function", "function": {}}]), "tools[0].function.name"),
        (body(tool_choice="maybe"), "tool_choice"),
        (body(response_format={"type": "xml"}), "response_format.type"),
        (body(response_format={"type": "json_schema"}), "response_format"),
        (body(presence_penalty=3), "presence_penalty"),
        (body(logit_bias={"7": "x"}), "logit_bias.7"),
        (said(("user", "x"), ("tool", "324 m")), "messages[1]"),
        (
            body(messages=[{"role": "assistant", "tool_calls": [{"id": "c"}]}]),
            "messages[0].tool_calls[0].function",
        ),
        (body(seed=2**63), "seed"),
        (body(stop=[1]), "stop[0]"),
        (body(metadata={"k": 1}), "metadata.k"),
        (body(metadata="k"), "metadata"),
    ],
)
def test_a_wrong_field_is_named(wrong: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        chat.parse(wrong)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert caught.value.message.startswith(f"{param}: ")
    assert "Value error" not in caught.value.message


@pytest.mark.parametrize("wrong", [[], "x", None, 1, True])
def test_a_body_that_is_no_object_says_so(wrong: Any) -> None:
    with pytest.raises(ApiError, match="not a JSON object"):
        chat.parse(wrong)


def test_a_stray_surrogate_is_no_text() -> None:
    with pytest.raises(ApiError, match="surrogate"):
        chat.parse(said(("user", "\ud800")))


def test_every_field_reaches_the_event() -> None:
    request = chat.parse(
        {
            "model": "gpt",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": [{"type": "text", "text": t} for t in ("a", "b")]},
                {"role": "assistant", "content": None, "tool_calls": []},
                {"role": "user", "content": "Wie hoch?", "name": "ada"},
            ],
            "stream": True,
            "temperature": 0,
            "top_p": 0.5,
            "max_tokens": 5,
            "max_completion_tokens": 6,
            "seed": -1,
            "stop": "\n",
            "user": "ada",
        }
    )
    assert request.event(RUN, SCOPES, SCOPES[1]) == s.RequestReceived(
        run_id=RUN,
        model=ModelName("gpt"),
        text="Wie hoch?",
        messages=(
            s.Message(role="system", content="be brief"),
            s.Message(role="user", content="a\nb"),
            s.Message(role="assistant", content=""),
            s.Message(role="user", content="Wie hoch?", name="ada"),
        ),
        options=s.Options(temperature=0.0, top_p=0.5, max_tokens=6, seed=-1, stop=("\n",)),
        scopes=SCOPES,
        remember_in=SCOPES[1],
        stream=True,
    )


def test_what_a_client_leaves_open_has_no_options() -> None:
    event = chat.parse(body()).event(RUN, (), None)
    assert (event.scopes, event.remember_in, event.options) == ((), None, s.Options())


def test_what_is_not_heeded_is_named_and_what_is_null_is_not() -> None:
    request = chat.parse(body(functions=[], logprobs=True, audio=None, user="ada", n=1, tools=[]))
    assert request.ignored == ["functions", "logprobs"]


def test_tools_and_what_only_a_model_understands_reach_the_event_as_they_stand() -> None:
    parameters = {"type": "object", "properties": {"z": {"type": "string"}, "a": {}}}
    function = {"name": "measure", "strict": True, "parameters": parameters}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"z": 1, "a": 2}}}
    given: dict[str, Any] = {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": "measure"}},
        "response_format": form,
        "parallel_tool_calls": False,
        "presence_penalty": 1,
        "logit_bias": {"7": -100},
        "reasoning_effort": "low",
    }
    call = {"id": "c1", "type": "function", "function": {"name": "measure", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "How tall?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "324 m", "tool_call_id": "c1"},
    ]
    request = chat.parse(body(messages=turns, n=2, verbosity=None, frequency_penalty=None, **given))
    event = request.event(RUN, (), None)
    assert event.options == s.Options(n=2, verbatim=request.verbatim)
    assert orjson.loads(event.options.verbatim) == given
    told = orjson.loads(event.options.verbatim)["response_format"]["json_schema"]["schema"]
    assert list(told) == ["z", "a"]  # models heed the order
    assert event.text == "How tall?"
    assert event.messages == (
        s.Message(role="user", content="How tall?"),
        s.Message(
            role="assistant",
            content="",
            tool_calls=(s.ToolCall(id="c1", name="measure", arguments="{}"),),
        ),
        s.Message(role="tool", content="324 m", tool_call_id="c1"),
    )
    assert request.size == len("How tall?324 m") + len(request.verbatim)


def test_ten_thousand_messages_are_one_request() -> None:
    many = chat.parse(said(*[("user", f"m{n}") for n in range(10_000)]))
    assert (len(many.event(RUN, (), None).messages), many.text) == (10_000, "m9999")


def test_an_answer_has_openais_shape_and_ours_beside_it() -> None:
    assert answers.answer(completed(RUN), 1, "s") == {
        "id": "chatcmpl-run",
        "object": "chat.completion",
        "created": 1,
        "model": "extractive",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "324 m.", "refusal": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
        "aether": {
            "run_id": "run",
            "session_id": "s",
            "capability": "answer",
            "citations": [
                {
                    "marker": 1,
                    "memory_id": "m",
                    "title": "Towers",
                    "uri": "towers.md",
                    "quote": "324 m.",
                }
            ],
        },
    }


def test_an_answer_has_every_choice_and_its_calls() -> None:
    call = s.ToolCall(id="c1", name="measure", arguments="{}")
    other = s.Alternative(text="325 m.", tool_calls=(), finish_reason="length")
    made = completed(RUN, "", tool_calls=(call,), alternatives=(other,), finish_reason="tool_calls")
    function = {"name": "measure", "arguments": "{}"}
    assert answers.answer(made, 1, "s")["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": None,
                "refusal": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": function}],
            },
            "finish_reason": "tool_calls",
            "logprobs": None,
        },
        {
            "index": 1,
            "message": {"role": "assistant", "content": "325 m.", "refusal": None},
            "finish_reason": "length",
            "logprobs": None,
        },
    ]


def test_json_has_no_nan() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(b'{"temperature": NaN}')
