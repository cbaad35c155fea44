"""`POST /v1/chat/completions` over HTTP: what goes into the log, and what comes back when."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from streams.errors import DeliveryFailed
from streams.events.sessions import RequestReceived
from streams.ids import ScopeId
from tests.unit.gateway.door import CHAT, Door, body, completed, failed, opened, silent, trace_of


def error_of(response: Any) -> tuple[int, str, str]:
    said = response.json()["error"]
    assert set(said) == {"message", "type", "param", "code"}
    return response.status_code, said["type"], said["code"]


async def until_nobody_waits(door: Door) -> None:
    async with asyncio.timeout(30):
        while await door.waiters():
            await asyncio.sleep(0.01)


async def test_a_question_is_one_event_and_its_answer_one_completion(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        response = await door.http.post(CHAT, json=body(), headers={"traceparent": "00-ab-cd-01"})
        (request,) = door.grid.requests()
    run = request.event.run_id
    assert response.status_code == 200
    assert response.json()["choices"][0]["message"]["content"] == "324 m."
    assert response.json()["aether"]["session_id"] == request.key == run
    assert response.headers["x-request-id"] == run
    assert (str(request.event_id), request.run_id) == (run, run)
    assert response.headers["x-aether-session"] == run
    assert "x-aether-ignored" not in response.headers
    assert trace_of(request) == b"00-ab-cd-01"


async def test_an_answer_that_was_read_before_is_not_taken_for_another_runs(tmp_path: Path) -> None:
    async with opened(tmp_path, silent) as door:
        asking = [
            asyncio.create_task(door.http.post(CHAT, json=body(text))) for text in ("a?", "b?")
        ]
        first, second = await door.asked(), await door.asked()
        texts = {r.event.run_id: r.event.text for r in door.grid.requests()}
        for run in (second, second, first, first):  # each of them twice
            door.grid.say(completed(run, f"about {texts[run]}"))
        said = [(await a).json()["choices"][0]["message"]["content"] for a in asking]
        assert said == ["about a?", "about b?"]


async def test_what_is_not_heeded_is_named_in_a_header(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        response = await door.http.post(CHAT, json=body(functions=[{}], seed=1, logprobs=True))
    assert response.headers["x-aether-ignored"] == "functions, logprobs"


@pytest.mark.parametrize(
    ("headers", "metadata", "session"),
    [
        ({"x-aether-session": "s1"}, None, "s1"),
        ({}, {"session_id": "s2"}, "s2"),
        ({"x-aether-session": "s1"}, {"session_id": "s2"}, "s1"),
        ({"x-aether-session": "größe"}, None, "größe"),
        ({}, {"session_id": "größe 👩‍👧"}, "größe 👩‍👧"),
    ],
)
async def test_a_named_session_is_the_key_and_what_is_remembered_in(
    headers: dict[str, str], metadata: Any, session: str, tmp_path: Path
) -> None:
    encoded = {name.encode(): value.encode() for name, value in headers.items()}
    async with opened(tmp_path) as door:
        response = await door.http.post(CHAT, json=body(metadata=metadata), headers=encoded)
        (request,) = door.grid.requests()
    assert request.key == session
    assert request.event.remember_in == ScopeId(f"session:{session}")
    assert dict(response.headers.raw)[b"x-aether-session"].decode() == session
    assert response.json()["aether"]["session_id"] == session


@pytest.mark.parametrize(
    "session", ["", "@grid", "a\r\nset-cookie: owned=1", "a\0b", " a", "a" * 201]
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_session_that_would_break_a_header_is_refused_before_anything_is_sent(
    session: str, stream: bool, tmp_path: Path
) -> None:
    async with opened(tmp_path) as door:
        asked = body(metadata={"session_id": session}, stream=stream)
        response = await door.http.post(CHAT, json=asked)
        assert door.grid.requests() == []
    assert error_of(response) == (400, "invalid_request_error", "invalid_request")
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    ("reason", "status", "retry"),
    [
        ("model_not_found", 404, None),
        ("invalid_request", 400, None),
        ("no_capability", 503, "2"),
        ("perception_failed", 503, "2"),
        ("model_away", 502, None),
        ("something_new", 500, None),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_failed_run_is_an_error_with_a_status(
    reason: str, status: int, retry: str | None, stream: bool, tmp_path: Path
) -> None:
    def fails(request: RequestReceived) -> Any:
        return (failed(request.run_id, reason),)

    async with opened(tmp_path, fails) as door:
        response = await door.http.post(CHAT, json=body(stream=stream))
        (request,) = door.grid.requests()
    assert error_of(response)[::2] == (status, reason)
    assert response.headers.get("retry-after") == retry
    assert response.headers["x-request-id"] == request.event.run_id


@pytest.mark.parametrize("stream", [False, True])
async def test_without_kafka_nothing_is_sent_and_the_client_may_ask_again(
    stream: bool, tmp_path: Path
) -> None:
    async with opened(tmp_path, away=True) as door:
        response = await door.http.post(CHAT, json=body(stream=stream))
        ready = await door.http.get("/readyz")
        live = await door.http.get("/livez")
        assert not door.grid.in_flight
    assert error_of(response) == (503, "server_error", "unavailable")
    assert response.headers["retry-after"] == "2"
    assert (ready.status_code, live.status_code) == (503, 200)


async def test_a_full_queue_refuses_what_it_did_not_take(tmp_path: Path) -> None:
    async with opened(tmp_path, in_flight_max=1) as door:
        door.grid.holding = True
        waiting = asyncio.create_task(door.http.post(CHAT, json=body("first")))
        async with asyncio.timeout(30):
            while not door.grid.in_flight:
                await asyncio.sleep(0.01)
        refused = await door.http.post(CHAT, json=body("second"))
        door.grid.holding = False
        assert (await waiting).status_code == 200
        assert [r.event.text for r in door.grid.requests()] == ["first"]
    assert error_of(refused) == (503, "server_error", "unavailable")
    assert refused.headers["retry-after"] == "2"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_delivery_without_a_report_has_an_unknown_outcome(
    stream: bool, tmp_path: Path
) -> None:
    async with opened(tmp_path) as door:
        door.grid.refusing = DeliveryFailed("timed out")
        response = await door.http.post(CHAT, json=body(stream=stream))
        assert await door.waiters() == 0
    assert error_of(response) == (504, "server_error", "outcome_unknown")
    assert response.headers["x-request-id"] in response.json()["error"]["message"]
    assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("stream", [False, True])
async def test_no_answer_in_time_has_an_unknown_outcome(stream: bool, tmp_path: Path) -> None:
    async with opened(tmp_path, silent, timeout_s=0.2) as door:
        response = await door.http.post(CHAT, json=body(stream=stream))
        assert len(door.grid.requests()) == 1
    assert error_of(response) == (504, "server_error", "outcome_unknown")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_is_waited_for_no_longer(stream: bool, tmp_path: Path) -> None:
    async with opened(tmp_path, silent) as door:
        asking = asyncio.create_task(door.http.post(CHAT, json=body(stream=stream)))
        run = await door.asked()
        asking.cancel()
        await until_nobody_waits(door)
        assert len(door.grid.requests()) == 1  # its time may be over: the run goes on
        door.grid.say(completed(run))  # and nobody minds
        assert (await door.http.get("/livez")).status_code == 200


async def test_an_answer_too_large_for_a_record_is_read_from_the_store(tmp_path: Path) -> None:
    large = "long " * 100_000

    def tells(request: RequestReceived) -> Any:
        return (completed(request.run_id, large),)

    async with opened(tmp_path, tells) as door:
        response = await door.http.post(CHAT, json=body(large))
        (request,) = door.grid.requests()
    assert request.event.text == large
    assert response.json()["choices"][0]["message"]["content"] == large
