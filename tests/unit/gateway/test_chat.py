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
        (body(n=2), "n"),
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
            s.Message(role="user", content="Wie hoch?"),
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
    request = chat.parse(body(tools=[], logit_bias={}, tool_choice=None, user="ada", n=1))
    assert request.ignored == ["logit_bias", "tools"]


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


def test_json_has_no_nan() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(b'{"temperature": NaN}')
