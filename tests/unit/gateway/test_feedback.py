"""The door for feedback: what it lets in, and what it says of the rest."""

import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from gateway.errors import ApiError
from gateway.feedback import BODY_MAX, Feedback
from gateway.sender import QueueFull
from streams.errors import BrokerAway, DeliveryFailed
from streams.events.tuning import FeedbackOffered, Verdict
from streams.ids import CapabilityId, RunId
from streams.log import Headers
from streams.topics import ROUTER_KEY, TUNING, Topic


class Recorder:
    """A door that writes down what goes through, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[tuple[str, Any, str]] = []
        self._error = error

    async def send(
        self, run_id: RunId, key: str, event: Any, trace: Headers, *, topic: Topic
    ) -> None:
        if self._error is not None:
            raise self._error
        self.sent.append((key, event, topic.name))


def request(body: bytes) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    state = {"run_id": RunId("new-id")}
    return Request({"type": "http", "method": "POST", "headers": [], "state": state}, receive)


async def given(body: Any, door: Recorder | None = None) -> Recorder:
    door = door or Recorder()
    answered = await Feedback(door).give(request(json.dumps(body).encode()))
    assert answered.status_code == 202
    assert json.loads(bytes(answered.body))["run_id"] == body["run_id"]
    return door


@pytest.mark.parametrize(
    ("said", "event"),
    [
        ({"verdict": "right"}, (Verdict.RIGHT, None, False)),
        ({"verdict": "wrong"}, (Verdict.WRONG, None, False)),
        ({"verdict": "wrong", "label": "sql"}, (Verdict.WRONG, CapabilityId("sql"), False)),
        ({"verdict": "picked", "label": "sql"}, (Verdict.PICKED, CapabilityId("sql"), False)),
        ({"verdict": "picked", "none_of_these": True}, (Verdict.PICKED, None, True)),
    ],
)
async def test_feedback_becomes_an_event_for_the_tuner(
    said: dict[str, Any], event: tuple[Verdict, CapabilityId | None, bool]
) -> None:
    door = await given({"run_id": "run-1", **said})
    verdict, label, none = event
    offered = FeedbackOffered(
        run_id=RunId("run-1"), verdict=verdict, label=label, none_of_these=none
    )
    assert door.sent == [(ROUTER_KEY, offered, TUNING.name)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"run_id": "run-1"},
        {"run_id": "", "verdict": "right"},
        {"run_id": "run-1", "verdict": "maybe"},
        {"run_id": "run-1", "verdict": "picked"},
        {"run_id": "run-1", "verdict": "right", "label": "sql"},
        {"run_id": "run-1", "verdict": "wrong", "label": "sql", "none_of_these": True},
        {"run_id": "run-1", "verdict": "right", "unknown": 1},
        {"run_id": "x" * 201, "verdict": "right"},
        ["run-1"],
    ],
)
async def test_what_says_nothing_is_refused(body: Any) -> None:
    with pytest.raises(ApiError) as refused:
        await Feedback(Recorder()).give(request(json.dumps(body).encode()))
    assert refused.value.status == 400


async def test_a_body_past_the_limit_is_not_read() -> None:
    with pytest.raises(ApiError) as refused:
        await Feedback(Recorder()).give(request(b" " * (BODY_MAX + 1)))
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("error", "status"),
    [(BrokerAway("away"), 503), (QueueFull("full"), 503), (DeliveryFailed("late"), 504)],
)
async def test_a_log_that_does_not_answer_is_told(error: Exception, status: int) -> None:
    body = json.dumps({"run_id": "run-1", "verdict": "right"}).encode()
    with pytest.raises(ApiError) as refused:
        await Feedback(Recorder(error)).give(request(body))
    assert refused.value.status == status
