"""`/v1/responses`: asked, streamed, left to run in the background, and asked for again.

A response is its run: it is stored as long as the log is, by whatever gateway it is asked for.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.asked import Asked, heard_until, next_news
from gateway.asking import Asking, received, said_beside, trace_of, while_connected
from gateway.body import Bodies
from gateway.errors import ApiError, invalid
from gateway.frames import Frames
from gateway.named import named
from gateway.responses import body as said
from gateway.responses.frames import NOTHING, frames
from gateway.responses.items import items_of
from gateway.responses.listed import page
from gateway.responses.shown import PREFIX, Told, response_id, shown
from gateway.responses.stored import Hidden, Stored
from gateway.runs import News
from streams.events.responses import ResponseHidden
from streams.events.sessions import ResponseCompleted, RunFailed
from streams.ids import EventId, RunId, derived
from streams.log import Headers
from streams.topics import RESPONSES

DIGITS_MAX = 9


class Responses:
    """The routes."""

    def __init__(self, asking: Asking, stored: Stored, hidden: Hidden, bodies: Bodies) -> None:
        self._asking = asking
        self._stored = stored
        self._hidden = hidden
        self._bodies = bodies
        path = "/v1/responses/{response_id}"
        self.routes = [
            Route("/v1/responses", self.create, methods=["POST"]),
            Route(path, self.retrieve, methods=["GET"]),
            Route(path, self.delete, methods=["DELETE"]),
            Route(f"{path}/cancel", self.cancel, methods=["POST"]),
            Route(f"{path}/input_items", self.input_items, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """Answer, or stream, or say under which id the answer will be."""
        asking = said.parse(await self._bodies.json(request))
        earlier, session, remembered = await self._stored.earlier(asking.previous_response_id)
        body = asking.as_chat(earlier)
        names = named(request, body)
        if names.session is None and session is not None:
            names = names._replace(session=session, remembered=remembered)
        asked = self._asking.begin(request, names, body, kept=asking.is_stored)
        head = [*trace_of(request), *asking.head]
        told = Told(asked.run_id, asked.session, asked.created, received(asked), dict(head))
        headers = said_beside(asked)
        if asking.stream:
            begin = self._at_once if asking.background else self._once_heard
            stream = begin(told, asked, head)
            first = await while_connected(request, anext(stream))
            return Frames(first, stream, headers, partial(self._asking.leave, asked))
        if asking.background:
            await self._asking.send(asked, head)
            return JSONResponse(shown(told, None, "queued"), headers=headers)
        event = await while_connected(request, self._asking.whole(asked, head))
        written = orjson.dumps(shown(told, event))
        return Response(written, media_type="application/json", headers=headers)

    async def retrieve(self, request: Request) -> Response:
        """Return a response as it stands, or stream it from behind `starting_after` on."""
        run_id = _run_of(request)
        if request.query_params.get("stream") != "true":
            told, ended = await self._stored.told(run_id)
            return JSONResponse(shown(told, ended))
        told, _ = await self._stored.told(run_id)
        stream = self._again(told, _after(request))
        return Frames(await anext(stream, b""), stream, {})  # nothing may be left of it

    async def cancel(self, request: Request) -> Response:
        """End a response that has not ended, and return it as it ended."""
        run_id = _run_of(request)
        deadline = self._asking.deadline()
        with self._asking.runs.waiting(run_id) as news:  # before it is looked at: it may end now
            told, ended = await self._stored.told(run_id)
            if ended is None:
                await self._asking.cancel(told.run_id, told.session)
            while ended is None:
                heard = await heard_until(deadline, news, run_id)
                ended = heard if isinstance(heard, ResponseCompleted | RunFailed) else None
        return JSONResponse(shown(told, ended))

    async def delete(self, request: Request) -> Response:
        """Hide a response for ever; one that has not ended is cancelled. The log stays."""
        told, ended = await self._stored.told(_run_of(request))
        if ended is None:
            await self._asking.cancel(told.run_id, told.session)
        run_id = told.run_id
        event_id = EventId(derived(run_id, "hidden"))
        await self._asking.append(
            run_id, run_id, ResponseHidden(run_id=run_id), [], topic=RESPONSES, event_id=event_id
        )
        self._hidden.add(run_id)
        return JSONResponse({"id": response_id(run_id), "object": "response", "deleted": True})

    async def input_items(self, request: Request) -> Response:
        """List what a response was asked with, in pages; its instructions are no items."""
        told, _ = await self._stored.told(_run_of(request))
        messages = told.request.messages[1 if told.instructed else 0 :]
        items = list(items_of(messages, told.run_id))
        return JSONResponse(page(items, request.query_params))

    def _once_heard(self, told: Told, asked: Asked, head: Headers) -> AsyncGenerator[bytes, None]:
        """Send a request and yield its events; what fails before the first is still a status."""
        return self._asking.stream(
            asked, head, lambda asked, first, news: frames(told, _news(asked, news, first))
        )

    async def _at_once(
        self, told: Told, asked: Asked, head: Headers
    ) -> AsyncGenerator[bytes, None]:
        """Send a request and yield its events, the first as soon as it is in the log.

        They say its id, by which a client that leaves comes back.
        """
        with self._asking.runs.waiting(told.run_id) as news:
            await self._asking.send(asked, head)
            async for frame in frames(told, _news_until(told.run_id, news, asked.deadline, None)):
                yield frame

    async def _again(self, told: Told, after: int) -> AsyncGenerator[bytes, None]:
        """Yield the events of a run that may have ended, or be under way."""
        deadline = self._asking.deadline()
        with self._asking.runs.waiting(told.run_id) as news:
            _, ended = await self._stored.told(told.run_id)
            coming = _news_until(told.run_id, news, deadline, ended)
            async for frame in frames(told, coming, after):
                yield frame


async def _news(asked: Asked, news: "asyncio.Queue[News]", first: News) -> AsyncIterator[News]:
    yield first
    while True:
        yield await next_news(news, asked)


async def _news_until(
    run_id: RunId, news: "asyncio.Queue[News]", deadline: float, ended: News | None
) -> AsyncIterator[News]:
    if ended is not None:
        yield ended
        return
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                event = await news.get()
        except TimeoutError:
            message = f"no answer in time; ask for {response_id(run_id)} again"
            raise ApiError(504, "server_error", "outcome_unknown", message) from None
        yield event


def _run_of(request: Request) -> RunId:
    return RunId(request.path_params["response_id"].removeprefix(PREFIX))


def _after(request: Request) -> int:
    text = request.query_params.get("starting_after")
    if text is None:
        return NOTHING
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX):
        raise invalid("starting_after is no sequence number", "starting_after")
    return int(text)
