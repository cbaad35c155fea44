"""Streamed answers: OpenAI's frames in order, and the completed event has the last word."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from streams.events.sessions import RequestReceived
from tests.unit.gateway.door import (
    CHAT,
    GENEROUS_S,
    Door,
    answers,
    body,
    completed,
    failed,
    opened,
    piece,
    silent,
)

DONE = "data: [DONE]"


class Listener:
    """Reads the frames of one stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def frame(self) -> Any:
        async with asyncio.timeout(60):
            line, gap = await anext(self._lines), await anext(self._lines)
        assert (line[:6], gap) == ("data: ", "")
        return DONE if line == DONE else orjson.loads(line[6:])

    async def rest(self) -> list[Any]:
        frames = []
        while (frame := await self.frame()) != DONE:
            frames.append(frame)
        assert [line async for line in self._lines] == []
        return frames

    async def content(self) -> str:
        return str((await self.frame())["choices"][0]["delta"]["content"])


async def all_frames(door: Door, **fields: Any) -> list[Any]:
    async with door.http.stream("POST", CHAT, json=body(stream=True, **fields)) as response:
        return await Listener(response).rest()


async def test_a_stream_is_a_role_the_text_the_end_and_done(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        frames = await all_frames(door)
    choices = [frame.pop("choices") for frame in frames]
    assert choices == [
        [_choice({"role": "assistant", "content": ""})],
        [_choice({"content": "324 m."})],
        [_choice({}, "stop")],
    ]
    beside = frames[-1].pop("aether")
    assert [c["quote"] for c in beside["citations"]] == ["324 m."]
    first, *others = frames
    assert first.pop("model") == "aether"
    assert {f.pop("model") for f in others} == {"extractive"}
    assert all(frame == first for frame in others)
    assert first["object"] == "chat.completion.chunk"
    assert first["id"] == f"chatcmpl-{beside['run_id']}"


def _choice(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


async def test_usage_comes_last_and_only_when_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        *_, last = await all_frames(door, stream_options={"include_usage": True})
        plain = await all_frames(door, stream_options={"include_usage": False})
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    assert len(plain) == 3
    assert all("usage" not in frame for frame in plain)


async def test_a_stream_says_what_it_is(tmp_path: Path) -> None:
    async with (
        opened(tmp_path) as door,
        door.http.stream("POST", CHAT, json=body(stream=True, functions=[{}])) as response,
    ):
        headers = response.headers
        await Listener(response).rest()
        (request,) = door.grid.requests()
    assert request.event.stream
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["x-request-id"] == request.event.run_id
    assert headers["x-aether-ignored"] == "functions"
    assert headers["x-accel-buffering"] == "no"  # else a proxy may keep tokens back
    assert headers["cache-control"] == "no-store"


@pytest.fixture
async def stream(tmp_path: Path) -> AsyncIterator[Any]:
    """A stream under way: the door, the run, and who listens after the first piece."""
    async with opened(tmp_path, silent) as door:
        asking = asyncio.create_task(
            door.http.send(
                door.http.build_request("POST", CHAT, json=body(stream=True)), stream=True
            )
        )
        run = await door.asked()
        door.grid.say(piece(run, 0, "The "))
        listener = Listener(await asking)
        assert await listener.content() == ""
        assert await listener.content() == "The "
        yield door, run, listener
        await listener.response.aclose()


async def test_pieces_come_as_they_are_made(stream: Any) -> None:
    door, run, listener = stream
    door.grid.say(piece(run, 4, "größte 🗼"))
    assert await listener.content() == "größte 🗼"
    door.grid.say(completed(run, "The größte 🗼 is it."))
    assert await listener.content() == " is it."
    assert [f["choices"][0]["finish_reason"] for f in await listener.rest()] == ["stop"]


async def test_a_piece_that_comes_twice_is_said_once(stream: Any) -> None:
    door, run, listener = stream
    door.grid.say(piece(run, 0, "The "), piece(run, 2, "e tower"))
    assert await listener.content() == "tower"
    door.grid.say(completed(run, "The tower"))
    assert len(await listener.rest()) == 1


async def test_a_piece_that_is_lost_is_made_up_for_at_the_end(stream: Any) -> None:
    door, run, listener = stream
    door.grid.say(piece(run, 10, "is"), completed(run, "The tower is"))
    assert await listener.content() == "tower is"


async def test_an_answer_that_changed_is_an_error_in_the_stream(stream: Any) -> None:
    door, run, listener = stream
    door.grid.say(completed(run, "Another answer"))
    (error,) = await listener.rest()
    assert error["error"]["code"] == "stream_interrupted"


async def test_a_run_that_fails_midway_is_an_error_in_the_stream(stream: Any) -> None:
    door, run, listener = stream
    door.grid.say(failed(run, "model_away"))
    (error,) = await listener.rest()
    assert error == {
        "error": {
            "message": "because of model_away",
            "type": "server_error",
            "param": None,
            "code": "model_away",
        }
    }


async def test_a_client_that_leaves_midway_is_waited_for_no_longer(stream: Any) -> None:
    door, run, listener = stream
    await listener.response.aclose()
    async with asyncio.timeout(60):
        while await door.waiters():
            await asyncio.sleep(0.01)
    assert await door.cancelled() == run
    door.grid.say(completed(run))


async def test_who_heard_everything_hangs_up_on_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        await all_frames(door)
        await door.http.post(CHAT, json=body())
        kinds = [type(request.event) for request in door.grid.requests()]
    assert kinds == [RequestReceived] * 2


@pytest.mark.parametrize("stream", [False, True])
async def test_a_gateway_that_ends_cancels_nothing(stream: bool, tmp_path: Path) -> None:
    """It was not the client who left: what it asked for is found in the log."""
    async with httpx.AsyncClient(timeout=GENEROUS_S, trust_env=False) as http:
        async with opened(tmp_path, silent, grace_s=1) as door:
            asking = asyncio.create_task(http.post(door.url + CHAT, json=body(stream=stream)))
            run = await door.asked()
            if stream:
                door.grid.say(piece(run, 0, "324"))
        await asyncio.gather(asking, return_exceptions=True)
    assert [type(request.event) for request in door.grid.requests()] == [RequestReceived]


async def test_streams_side_by_side_do_not_mix(tmp_path: Path) -> None:
    async with opened(tmp_path, answers) as door:
        said = await asyncio.gather(*(all_frames(door) for _ in range(20)))
        ids = {frames[0]["id"] for frames in said}
    assert len(ids) == 20
    assert all(len({frame["id"] for frame in frames}) == 1 for frames in said)
