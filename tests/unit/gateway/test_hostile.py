"""What a client may get wrong below the level of chat: bodies, methods, paths, headers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.nesting import LEVELS_MAX
from tests.unit.gateway.door import CHAT, body, opened
from tests.unit.gateway.test_completions import error_of, until_nobody_waits

LIMIT = 2_000
RESPONSES = "/v1/responses"


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 500):
        yield b" " * 500


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"a": 1} x',
        b'{"temperature": NaN}',
        b'{"temperature": Infinity}',
        b"[" * 1_500,
        b'{"a":' * 200 + b"1",
        b'{"text": "\\ud800"}',
        b"\xff\xfe",
        b"model=aether",
    ],
)
async def test_what_is_not_json_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        response = await door.http.post(CHAT, content=content)
    assert error_of(response) == (400, "invalid_request_error", "invalid_request")
    assert "not JSON" in response.json()["error"]["message"]


async def test_json_may_be_nested_deeply_where_nobody_looks(tmp_path: Path) -> None:
    deep: list[object] = []
    for _ in range(200):
        deep = [deep]
    async with opened(tmp_path) as door:
        assert (await door.http.post(CHAT, json=body(extra=deep))).status_code == 200


def nested(levels: int) -> dict[str, Any]:
    deep: dict[str, Any] = {}
    for _ in range(levels - 1):
        deep = {"a": deep}
    return deep


def function(inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "name": "f", "parameters": inner}


def form(inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "name": "n", "schema": inner}


def response(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "input": "a", **fields}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        (CHAT, lambda deep: body(tools=[{"type": "function", "function": function(deep)}]),
         "tools"),
        (CHAT, lambda deep: body(
            response_format={"type": "json_schema", "json_schema": form(deep)}),
         "response_format"),
        (RESPONSES, lambda deep: response(tools=[function(deep)]), "tools"),
        (RESPONSES, lambda deep: response(text={"format": form(deep)}), "text"),
    ],
    ids=["chat-tools", "chat-form", "responses-tools", "responses-form"],
)  # fmt: skip
async def test_what_is_handed_on_may_be_nested_as_deep_as_it_can_be_shown(
    path: str, asked: Any, field: str, stream: bool, tmp_path: Path
) -> None:
    async with opened(tmp_path) as door:
        answers = [
            await door.http.post(path, json={**asked(nested(levels)), "stream": stream})
            for levels in (LEVELS_MAX - 3, LEVELS_MAX, 300)
        ]
        assert len(door.grid.requests()) == 1
    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert [answer.json()["error"]["param"] for answer in answers[1:]] == [field] * 2


async def test_a_body_over_the_limit_is_refused_by_its_word(tmp_path: Path) -> None:
    async with opened(tmp_path, body_bytes_max=LIMIT) as door, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        head = f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {LIMIT + 1}\r\n\r\n"
        writer.write(head.encode())  # and nothing of the body
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()


async def test_a_body_in_pieces_is_read_up_to_the_limit_only(tmp_path: Path) -> None:
    async with opened(tmp_path, body_bytes_max=LIMIT) as door:
        response = await door.http.post(CHAT, content=in_pieces(LIMIT + 500))
        within = await door.http.post(CHAT, content=in_pieces(LIMIT))
    assert error_of(response)[0] == 413
    assert error_of(within)[0] == 400


async def test_a_client_that_leaves_in_its_body_leaves_nothing_behind(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        _, writer = await asyncio.open_connection("127.0.0.1", door.port)
        head = f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\n{{"
        writer.write(head.encode())
        await writer.drain()
        writer.close()
        await until_nobody_waits(door)
        metrics = (await door.http.get("/metrics")).text
        assert f'aether_gateway_requests_total{{route="{CHAT}",status="500"}}' not in metrics
        assert door.grid.requests() == []


async def test_there_is_nothing_at_an_unknown_path(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        response = await door.http.get("/v1/größe")
        metrics = (await door.http.get("/metrics")).text
    assert error_of(response) == (404, "invalid_request_error", "not_found")
    assert response.headers["x-request-id"]
    assert 'aether_gateway_requests_total{route="none",status="404"} 1.0' in metrics
    assert "größe" not in metrics


async def test_another_method_is_told_which_is_allowed(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        response = await door.http.get(CHAT)
    assert error_of(response) == (405, "invalid_request_error", "method_not_allowed")
    assert response.headers["allow"] == "POST"


async def test_two_requests_never_have_one_id(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        ids = [(await door.http.get("/livez")).headers["x-request-id"] for _ in range(20)]
    assert len(set(ids)) == 20
    assert sorted(ids) == sorted(ids, key=lambda i: i[:8])


async def test_a_failure_of_ours_has_openais_shape_and_the_requests_id(tmp_path: Path) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("a bug")

    async with opened(tmp_path) as door:
        door.grid.append = breaks  # type: ignore[method-assign, assignment]
        response = await door.http.post(CHAT, json=body())
    assert error_of(response) == (500, "server_error", "internal_error")
    assert response.headers["x-request-id"] in response.json()["error"]["message"]
    assert "a bug" not in response.text
