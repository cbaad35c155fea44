"""The door as the official client sees it: types, errors by class, streams and retries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from streams.errors import DeliveryFailed
from streams.events import sessions as s
from streams.events.registry import CapabilityRegistered, CapabilityWithdrawn, Card
from streams.events.sessions import RequestReceived
from streams.ids import ModelName
from streams.topics import REGISTRY
from tests.unit.gateway.door import Door, answers, called, completed, failed, opened, piece

USER: Any = [{"role": "user", "content": "How tall?"}]


@asynccontextmanager
async def client_of(
    folder: Path, script: Any = answers, retries: int = 0, **options: Any
) -> AsyncIterator[tuple[Door, openai.AsyncOpenAI]]:
    async with (
        opened(folder, script, **options) as door,
        openai.AsyncOpenAI(
            base_url=f"{door.url}/v1", api_key="none", max_retries=retries, timeout=60
        ) as client,
    ):
        yield door, client


async def test_a_completion_is_what_the_client_expects(tmp_path: Path) -> None:
    async with client_of(tmp_path) as (door, client):
        made = await client.chat.completions.create(model="aether", messages=USER)
        (request,) = door.grid.requests()
    assert made.choices[0].message.content == "324 m."
    assert made.choices[0].finish_reason == "stop"
    assert made.usage is not None
    assert made.usage.total_tokens == 9
    assert made._request_id == request.event.run_id
    assert made.model_extra is not None
    assert made.model_extra["aether"]["citations"][0]["title"] == "Towers"


async def test_a_stream_is_what_the_client_expects(tmp_path: Path) -> None:
    async with client_of(tmp_path) as (_, client):
        stream = await client.chat.completions.create(
            model="aether", messages=USER, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "324 m."
    assert [c.usage is not None for c in chunks] == [False, False, False, True]


CALL = s.ToolCall(id="c1", name="measure", arguments='{"what": "tower"}')
TOOL: Any = {"type": "function", "function": {"name": "measure", "parameters": {}}}


def calls_and_more(request: RequestReceived) -> Any:
    other = s.Alternative(text="325 m.", tool_calls=(), finish_reason="stop")
    made = completed(
        request.run_id, "", tool_calls=(CALL,), alternatives=(other,), finish_reason="tool_calls"
    )
    return (
        called(request.run_id, 0, CALL.arguments[:5]),
        piece(request.run_id, 0, "325 ", choice=1),
        called(request.run_id, 5, CALL.arguments[5:]),
        made,
    )


async def test_calls_of_tools_and_several_answers_are_what_the_client_expects(
    tmp_path: Path,
) -> None:
    async with client_of(tmp_path, calls_and_more) as (_, client):
        made = await client.chat.completions.create(model="gpt", messages=USER, tools=[TOOL], n=2)
        async with client.chat.completions.stream(
            model="gpt", messages=USER, tools=[TOOL], n=2
        ) as stream:
            told = await stream.get_final_completion()
    for completion in (made, told):
        first, second = completion.choices
        (call,) = first.message.model_dump()["tool_calls"]
        function = {"name": "measure", "arguments": CALL.arguments}
        assert (call["id"], call["type"]) == ("c1", "function")
        assert function.items() <= call["function"].items()
        assert (first.finish_reason, first.message.content or None) == ("tool_calls", None)
        assert (second.finish_reason, second.message.content) == ("stop", "325 m.")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("model_not_found", openai.NotFoundError),
        ("invalid_request", openai.BadRequestError),
        ("model_away", openai.InternalServerError),
        ("no_capability", openai.InternalServerError),
    ],
)
async def test_a_failed_run_is_the_clients_own_error(
    reason: str, kind: type[openai.APIStatusError], stream: bool, tmp_path: Path
) -> None:
    def fails(request: RequestReceived) -> Any:
        return (failed(request.run_id, reason),)

    async with client_of(tmp_path, fails) as (door, client):
        with pytest.raises(kind) as caught:
            await client.chat.completions.create(model="aether", messages=USER, stream=stream)
        (request,) = door.grid.requests()
    assert (caught.value.code, caught.value.request_id) == (reason, request.event.run_id)


@pytest.mark.parametrize(
    ("reason", "status", "times"),
    [("unknown_model", 502, 1), ("model_key_refused", 502, 1), ("model_away", 502, 2)],
)
async def test_what_will_fail_again_is_not_asked_again(
    reason: str, status: int, times: int, tmp_path: Path
) -> None:
    def fails(request: RequestReceived) -> Any:
        return (failed(request.run_id, reason),)

    async with client_of(tmp_path, fails, retries=1) as (door, client):
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(model="aether", messages=USER)
        assert (caught.value.status_code, len(door.grid.requests())) == (status, times)


async def test_an_unknown_outcome_is_not_asked_for_again(tmp_path: Path) -> None:
    async with client_of(tmp_path, retries=2) as (door, client):
        tried = []
        door.grid.refusing = DeliveryFailed("timed out")
        append = door.grid.append
        door.grid.append = lambda *a: tried.append(a) or append(*a)  # type: ignore[method-assign, func-returns-value]
        with pytest.raises(openai.InternalServerError, match="may still be answered"):
            await client.chat.completions.create(model="aether", messages=USER)
    assert len(tried) == 1


async def test_a_wrong_field_is_named_to_the_client(tmp_path: Path) -> None:
    async with client_of(tmp_path) as (_, client):
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(model="aether", messages=USER, temperature=3)
    assert caught.value.param == "temperature"


async def test_models_are_those_that_are_registered(tmp_path: Path) -> None:
    card = Card(description="d", examples=(), policy="single", model=ModelName("gpt"))
    async with client_of(tmp_path) as (door, client):
        registered = CapabilityRegistered(version=1, card=card)
        for key in ("translate", "answer"):
            door.grid.land(REGISTRY, key, registered)
        listed: list[str] = []
        while len(listed) < 4:
            listed = [model.id async for model in client.models.list()]
        assert listed == ["aether", "answer", "gpt", "translate"]
        assert (await client.models.retrieve("gpt")).owned_by == "aether"
        with pytest.raises(openai.NotFoundError) as caught:
            await client.models.retrieve("nothing/like-it")
        door.grid.land(REGISTRY, "answer", CapabilityWithdrawn(version=2, reason="retired"))
        while "answer" in listed:
            listed = [model.id async for model in client.models.list()]
        assert listed == ["aether", "translate", "gpt"]
    assert caught.value.code == "model_not_found"
