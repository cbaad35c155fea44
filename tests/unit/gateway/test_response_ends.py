"""Responses that are cancelled or deleted: both are events, and the log keeps the run."""

import asyncio
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest

from streams.events.responses import ResponseHidden
from streams.events.sessions import CANCELLED, CancellationRequested, RequestReceived
from streams.ids import RunId, derived
from streams.topics import RESPONSES
from tests.unit.gateway.door import completed, failed, opened, piece, silent
from tests.unit.gateway.test_completions import until_nobody_waits
from tests.unit.gateway.test_openai_client import client_of
from tests.unit.gateway.test_responses import TEXT, in_pieces


async def test_a_running_response_is_cancelled_by_an_event(tmp_path: Path) -> None:
    async with client_of(tmp_path, silent) as (door, client):
        made = await client.responses.create(model="aether", input="How tall?", background=True)
        run = await door.asked()
        cancelling = asyncio.create_task(client.responses.cancel(made.id))
        assert await door.asked() == run  # the cancellation is in the log
        door.grid.say(failed(run, CANCELLED), key=run)
        for done in (
            await cancelling,
            await client.responses.retrieve(made.id),
            await client.responses.cancel(made.id),
        ):
            assert (done.status, done.error, done.background) == ("cancelled", None, True)
        with pytest.raises(openai.BadRequestError, match="has no answer"):
            await client.responses.create(model="aether", input="b", previous_response_id=made.id)
        request, cancellation = door.grid.requests()
    assert cancellation.event == CancellationRequested(run_id=run)
    assert (cancellation.key, cancellation.run_id) == (request.key, run)
    assert cancellation.event_id == derived(run, "cancellation")


@pytest.mark.parametrize("store", [False, True])
async def test_who_hangs_up_in_a_stream_ends_what_cannot_be_asked_for_again(
    store: bool, tmp_path: Path
) -> None:
    said = {"model": "aether", "input": "How tall?", "store": store, "stream": True}

    def begins(request: RequestReceived) -> list[Any]:
        return [piece(request.run_id, 0, "It")]

    async with opened(tmp_path, begins) as door:
        async with door.http.stream("POST", "/v1/responses", json=said):
            run = await door.asked()
        await until_nobody_waits(door)
        if not store:
            assert await door.cancelled() == run
        kinds = [type(each.event) for each in door.grid.requests()]
    assert kinds == [RequestReceived, *[CancellationRequested] * (not store)]


async def test_an_answer_that_comes_before_the_cancellation_counts(tmp_path: Path) -> None:
    async with client_of(tmp_path, silent) as (door, client):
        made = await client.responses.create(model="aether", input="How tall?", background=True)
        run = await door.asked()
        cancelling = asyncio.create_task(client.responses.cancel(made.id))
        await door.asked()
        door.grid.say(piece(run, 0, "It"), completed(run, TEXT), key=run)
        assert (await cancelling).status == "completed"


async def test_whoever_waits_for_a_cancelled_run_is_not_to_ask_again(tmp_path: Path) -> None:
    async with client_of(tmp_path, silent, retries=2) as (door, client):
        asking = asyncio.create_task(client.responses.create(model="aether", input="How tall?"))
        run = await door.asked()
        cancelling = asyncio.create_task(client.responses.cancel(f"resp_{run}"))
        await door.asked()
        door.grid.say(failed(run, CANCELLED), key=run)
        with pytest.raises(openai.ConflictError):
            await asking
        assert (await cancelling).status == "cancelled"
        assert len(door.grid.requests()) == 2


async def test_a_deleted_response_is_there_no_more_for_anyone(tmp_path: Path) -> None:
    async with client_of(tmp_path, in_pieces) as (door, client):
        made = await client.responses.create(model="aether", input="How tall?")
        run = made.id.removeprefix("resp_")
        raw = await client.responses.with_raw_response.delete(made.id)
        assert orjson.loads(raw.text) == {"id": made.id, "object": "response", "deleted": True}
        for asking in (
            client.responses.retrieve(made.id),
            client.responses.input_items.list(made.id),
            client.responses.cancel(made.id),
            client.responses.delete(made.id),
            client.responses.create(model="aether", input="b", previous_response_id=made.id),
        ):
            with pytest.raises(openai.NotFoundError):
                await asking
        (hidden,) = door.grid.broker.records[RESPONSES.name, 0]
        assert door.grid.wire.open(hidden).event == ResponseHidden(run_id=RunId(run))
        assert (await door.http.get(f"/api/runs/{run}")).json()["answer"] == TEXT  # the log stays


async def test_a_running_response_that_is_deleted_is_cancelled(tmp_path: Path) -> None:
    async with client_of(tmp_path, silent) as (door, client):
        made = await client.responses.create(model="aether", input="How tall?", background=True)
        run = await door.asked()
        await client.responses.delete(made.id)
        assert [type(r.event) for r in door.grid.requests()] == [
            RequestReceived, CancellationRequested,
        ]  # fmt: skip
        door.grid.say(failed(run, CANCELLED), key=run)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(made.id)


async def test_a_response_that_another_gateway_deleted_is_hidden_here(tmp_path: Path) -> None:
    async with client_of(tmp_path, in_pieces) as (door, client):
        made = await client.responses.create(model="aether", input="How tall?")
        run = RunId(made.id.removeprefix("resp_"))
        door.grid.land(RESPONSES, run, ResponseHidden(run_id=run))
        async with asyncio.timeout(60):
            while (await door.http.get(f"/v1/responses/{made.id}")).status_code == 200:
                await asyncio.sleep(0.01)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(made.id)


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
async def test_an_answer_that_was_cut_is_incomplete_and_says_why(
    finish: str, reason: str, tmp_path: Path
) -> None:
    def cut(request: RequestReceived) -> Any:
        return (completed(request.run_id, "It is", finish_reason=finish),)

    async with client_of(tmp_path, cut) as (_, client):
        made = await client.responses.create(model="m", input="How tall?")
        stream = await client.responses.create(model="m", input="How tall?", stream=True)
        *_, last = [event async for event in stream]
    assert last.type == "response.incomplete"
    for response in (made, last.response):
        assert response.status == "incomplete"
        assert response.incomplete_details is not None
        assert response.incomplete_details.reason == reason
