"""Which turns of a session are offered to its memory."""

from dataclasses import replace
from typing import Any

import pytest

from processors.memory.turns import carry
from streams.envelope import Envelope
from streams.events.sessions import Message, Options, RequestReceived, ResponseCompleted
from streams.ids import CapabilityId, EventId, ModelName, RunId, ScopeId

SCOPE = ScopeId("session:tea")


def asked(remember_in: ScopeId | None) -> RequestReceived:
    return RequestReceived(
        run_id=RunId("r"),
        model=ModelName("aether"),
        text="When is tea?",
        messages=(),
        options=Options(),
        scopes=(),
        remember_in=remember_in,
        stream=False,
    )


def answered(remember_in: ScopeId | None, model: str = "gpt") -> ResponseCompleted:
    return ResponseCompleted(
        run_id=RunId("r"),
        text="At four.",
        citations=(),
        capability=CapabilityId("talk"),
        model=ModelName(model),
        finish_reason="stop",
        prompt_tokens=1,
        completion_tokens=1,
        remember_in=remember_in,
    )


def offers(event: Any) -> list[tuple[str, str, str, int | None]]:
    cause = Envelope(event, EventId("e"), "tea", "t", 0, 7, 99, RunId("r"), {})
    told = [(c.key, c.event.content) for c in carry(cause, 4)]
    return [(key, said.speaker, said.text, said.said_at_ms) for key, said in told]


def test_both_sides_of_a_named_session_are_offered() -> None:
    assert offers(asked(SCOPE)) == [(SCOPE, "user", "When is tea?", 99)]
    assert offers(answered(SCOPE)) == [(SCOPE, "assistant", "At four.", 99)]


@pytest.mark.parametrize("event", [asked(None), answered(None)])
def test_a_session_without_a_name_is_not_remembered(event: Any) -> None:
    assert offers(event) == []


def test_what_a_tool_said_and_a_mere_call_of_one_are_no_turns() -> None:
    called = Message(role="tool", content="at 4", tool_call_id="c1")
    asked_again = replace(asked(SCOPE), messages=(Message(role="user", content="a"), called))
    assert offers(asked_again) == []
    assert offers(replace(answered(SCOPE), text=" ")) == []
    assert offers(replace(asked_again, messages=(called, *asked_again.messages[:1])))


def test_quotes_of_what_is_remembered_are_not_remembered_again() -> None:
    assert offers(answered(SCOPE, "extractive")) == []
