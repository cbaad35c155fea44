"""`/v1/responses` as the official client sees it: whole, streamed, in the background, and again."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from streams.events.sessions import (
    Message,
    RequestReceived,
)
from streams.ids import ScopeId
from tests.unit.gateway.door import completed, failed, opened, piece, silent
from tests.unit.gateway.test_openai_client import client_of

TEXT = "It is 324 m. Größe!"
#: How often a stream that is taken up reads the log where its run is: twice for whether there is
#: such a response, and twice again once it listens.
READS = 4


def in_pieces(request: RequestReceived) -> Any:
    run = request.run_id
    return (piece(run, 0, "It is "), piece(run, 6, "324 m."), completed(run, TEXT))


async def told(stream: AsyncIterator[Any]) -> list[Any]:
    return [event async for event in stream]


def deltas(events: list[Any]) -> str:
    return "".join(e.delta for e in events if e.type == "response.output_text.delta")


async def test_a_response_is_what_the_client_expects_and_is_there_later(tmp_path: Path) -> None:
    async with client_of(tmp_path, in_pieces) as (door, client):
        made = await client.responses.create(
            model="aether", input="How tall?", instructions="Be brief.", metadata={"a": "b"}
        )
        again = await client.responses.retrieve(made.id)
        items = await client.responses.input_items.list(made.id)
        (request,) = door.grid.requests()
    assert made.output_text == TEXT
    assert (made.status, made.instructions, made.metadata) == ("completed", "Be brief.", {"a": "b"})
    assert made.usage is not None
    assert (made.usage.input_tokens, made.usage.output_tokens) == (7, 2)
    assert again.model_dump(exclude={"created_at"}) == made.model_dump(exclude={"created_at"})
    assert [(m.role, m.content) for m in request.event.messages] == [
        ("system", "Be brief."), ("user", "How tall?"),
    ]  # fmt: skip
    assert [item.role for item in items.data] == ["user"]  # type: ignore[union-attr]


async def test_a_stream_tells_the_text_as_it_comes(tmp_path: Path) -> None:
    async with client_of(tmp_path, silent) as (door, client):
        asking = asyncio.create_task(
            client.responses.create(model="aether", input="How tall?", stream=True)
        )
        run = await door.asked()
        door.grid.say(piece(run, 0, "It is "))
        stream = await asking
        events: list[Any] = []
        async for event in stream:
            events.append(event)
            if event.type == "response.output_text.delta" and event.delta == "It is ":
                door.grid.say(piece(run, 6, "324 m."), piece(run, 6, "324 m."))
                door.grid.say(completed(run, TEXT))
    names = [e.type.removeprefix("response.") for e in events]
    assert list(dict.fromkeys(names)) == [
        "created", "in_progress", "output_item.added", "content_part.added",
        "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    numbers = [e.sequence_number for e in events]
    assert numbers == sorted(set(numbers))
    assert deltas(events) == events[-1].response.output_text == TEXT


async def test_a_stream_is_taken_up_behind_any_number(tmp_path: Path) -> None:
    async with client_of(tmp_path, in_pieces) as (_, client):
        made = await client.responses.create(model="aether", input="How tall?", stream=True)
        events = await told(made)
        for at, event in enumerate(events):
            seen = deltas(events[: at + 1])
            rest = await told(
                await client.responses.retrieve(
                    events[0].response.id, stream=True, starting_after=event.sequence_number
                )
            )
            assert seen + deltas(rest) == TEXT
            assert all(e.sequence_number > event.sequence_number for e in rest)
            if event is not events[-1]:  # whoever has heard the end hears no more
                assert rest[-1].type == "response.completed"


async def test_a_response_in_the_background_is_asked_for_until_it_is_there(tmp_path: Path) -> None:
    async with client_of(tmp_path, silent) as (door, client):
        made = await client.responses.create(model="aether", input="How tall?", background=True)
        assert made.status == "queued"
        assert (await client.responses.retrieve(made.id)).status == "in_progress"
        run = await door.asked()
        door.grid.say(completed(run, TEXT), key=run)
        done = await client.responses.retrieve(made.id)
        assert (done.status, done.output_text) == ("completed", TEXT)
        assert (await client.responses.cancel(made.id)).status == "completed"


async def test_a_stream_in_the_background_says_its_id_before_a_model_speaks(
    tmp_path: Path,
) -> None:
    async with client_of(tmp_path, silent) as (door, client), asyncio.timeout(60):
        stream = await client.responses.create(
            model="aether", input="How tall?", background=True, stream=True
        )
        events = aiter(stream)
        made: Any = await anext(events)
        going = await anext(events)
        run = await door.asked()
        assert (made.type, going.type) == ("response.created", "response.in_progress")
        assert (made.response.id, made.response.background) == (f"resp_{run}", True)
        assert (await client.responses.retrieve(made.response.id)).status == "in_progress"
        door.grid.say(piece(run, 0, "It is "), completed(run, TEXT))
        rest = await told(events)
    assert (rest[-1].type, deltas(rest)) == ("response.completed", TEXT)
    numbers = [e.sequence_number for e in (made, going, *rest)]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("background", [False, True])
async def test_a_stream_whose_run_fails_says_so_as_far_as_it_has_begun(
    background: bool, tmp_path: Path
) -> None:
    async with client_of(tmp_path, lambda request: (failed(request.run_id, "model_away"),)) as (
        _,
        client,
    ):
        asking = client.responses.create(model="m", input="a", stream=True, background=background)
        if not background:  # nothing was said, so that a status can say it
            with pytest.raises(openai.InternalServerError):
                await asking
            return
        *_, last = await told(await asking)
    assert last.type == "response.failed"
    assert last.response.error.code == "model_away"


async def test_an_answer_between_the_log_and_the_news_is_not_missed(tmp_path: Path) -> None:
    """It lands after the log was read for its beginning, and before anything else is heard."""
    async with client_of(tmp_path, silent) as (door, client):
        asking = asyncio.create_task(
            client.responses.create(model="aether", input="How tall?", stream=True)
        )
        run = await door.asked()
        door.grid.say(piece(run, 0, "It is "))
        first = asyncio.create_task(told(await asking))
        heard, reads, read = threading.Event(), [], door.grid.read
        first.add_done_callback(lambda _: heard.set())

        def late(topic: str, partition: int, start: int, end: int) -> Any:
            found = list(read(topic, partition, start, end))
            kinds = [door.grid.wire.codec.kind_of(r.value) for batch in found for r in batch]
            if RequestReceived in kinds:
                reads.append(partition)
                if len(reads) == READS:
                    door.grid.say(completed(run, TEXT), key=run)
                    assert heard.wait(60)  # whoever listened by now was told
            return iter(found)

        door.grid.read = late  # type: ignore[method-assign]
        again = await told(await client.responses.retrieve(f"resp_{run}", stream=True))
        assert len(reads) == READS, "the answer was in what was read: this proves nothing"
    for events in (await first, again):
        assert events[-1].type == "response.completed"
        assert deltas(events) == TEXT


async def test_a_response_goes_on_with_an_earlier_one_in_its_session(tmp_path: Path) -> None:
    async with client_of(tmp_path, in_pieces) as (door, client):
        first = await client.responses.create(
            model="aether", input="How tall?", instructions="Be brief.",
            extra_headers={"x-aether-session": "ada"},
        )  # fmt: skip
        raw = await client.responses.with_raw_response.create(
            model="aether", input="And how wide?", previous_response_id=first.id
        )
        _, request = door.grid.requests()
    assert raw.headers["x-aether-session"] == "ada"
    assert (request.key, request.event.remember_in) == ("ada", ScopeId("session:ada"))
    assert request.event.messages == (
        Message(role="user", content="How tall?"),
        Message(role="assistant", content=TEXT),
        Message(role="user", content="And how wide?"),
    )
    assert raw.parse().previous_response_id == first.id


async def test_an_unnamed_session_is_gone_on_with_and_not_remembered(tmp_path: Path) -> None:
    async with client_of(tmp_path, in_pieces) as (door, client):
        first = await client.responses.create(model="aether", input="a")
        await client.responses.create(model="aether", input="b", previous_response_id=first.id)
        one, two = door.grid.requests()
    assert two.key == one.key
    assert two.event.remember_in is None


async def test_what_is_not_stored_is_not_there_later(tmp_path: Path) -> None:
    async with client_of(tmp_path, in_pieces) as (_, client):
        made = await client.responses.create(model="aether", input="a", store=False)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(made.id)
        with pytest.raises(openai.NotFoundError) as caught:
            await client.responses.create(model="aether", input="b", previous_response_id=made.id)
    assert caught.value.code == "previous_response_not_found"


async def test_a_run_that_fails_is_a_failed_response(tmp_path: Path) -> None:
    def fails(request: RequestReceived) -> Any:
        return (failed(request.run_id, "model_away"),)

    async with client_of(tmp_path, fails) as (door, client):
        with pytest.raises(openai.InternalServerError):
            await client.responses.create(model="aether", input="a")
        (request,) = door.grid.requests()
        later = await client.responses.retrieve(f"resp_{request.event.run_id}")
    assert later.status == "failed"
    assert later.error is not None
    assert later.error.code == "model_away"  # type: ignore[comparison-overlap]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "model"),
        ({"model": "aether"}, "input"),
        ({"model": "aether", "input": 1}, "input"),
        ({"model": "aether", "input": ""}, "input"),
        ({"model": "aether", "input": []}, "input"),
        ({"model": "aether", "input": [], "instructions": "Be brief."}, "input"),
        ({"model": "aether", "input": "a", "max_output_tokens": 0}, "max_output_tokens"),
        ({"model": "aether", "input": "a", "temperature": 3}, "temperature"),
        ({"model": "aether", "input": "a", "background": True, "store": False}, "background"),
        ({"model": "aether", "input": "a", "metadata": {"k": "v" * 600}}, "metadata"),
    ],
)
async def test_a_wrong_field_is_named(body: Any, param: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        answer = await door.http.post("/v1/responses", json=body)
        assert door.grid.requests() == []
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == param
    assert error["message"].startswith(f"{param}: ")


async def test_what_is_not_heeded_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path, in_pieces) as door:
        body = {"model": "aether", "input": "a", "truncation": "auto", "include": None}
        answer = await door.http.post("/v1/responses", json=body)
    assert answer.headers["x-aether-ignored"] == "truncation"
