"""`/v1/responses`: asked, streamed, left to run in the background, and asked for again.

A response is its run: it is stored as long as the log is, by whatever gateway it is asked for.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.api.live import Reading
from gateway.asked import Asked, next_news
from gateway.asking import Asking, received, said_beside, trace_of, while_connected
from gateway.body import Bodies
from gateway.errors import ApiError, invalid
from gateway.frames import Frames
from gateway.named import named
from gateway.responses import body as said
from gateway.responses.frames import NOTHING, frames
from gateway.responses.shown import PREFIX, Told, response_id, shown
from gateway.runs import News
from streams.envelope import Envelope
from streams.events.sessions import Message, RequestReceived, ResponseCompleted, RunFailed
from streams.ids import RunId
from streams.io.runs import Events, events_of
from streams.scopes import Owner, scope_of

DIGITS_MAX = 9


class Responses:
    """The routes."""

    def __init__(self, asking: Asking, reading: Reading, bodies: Bodies, timeout_s: float) -> None:
        self._asking = asking
        self._reading = reading
        self._bodies = bodies
        self._timeout_s = timeout_s
        path = "/v1/responses/{response_id}"
        self.routes = [
            Route("/v1/responses", self.create, methods=["POST"]),
            Route(path, self.retrieve, methods=["GET"]),
            Route(f"{path}/cancel", self.cancel, methods=["POST"]),
            Route(f"{path}/input_items", self.input_items, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """Answer, or stream, or say under which id the answer will be."""
        asking = said.parse(await self._bodies.json(request))
        earlier, session, remembered = await self._earlier(asking.previous_response_id)
        body = asking.as_chat(earlier)
        names = named(request, body)
        if names.session is None and session is not None:
            names = names._replace(session=session, remembered=remembered)
        asked = self._asking.begin(request, names, body)
        head = [*trace_of(request), *asking.head]
        told = Told(
            asked.run_id, asked.session, asked.created, received(asked), dict(head),
            bool(asking.background),
        )  # fmt: skip
        headers = said_beside(asked)
        if asking.stream:
            stream = self._asking.stream(
                asked, head, lambda asked, first, news: frames(told, _news(asked, news, first))
            )
            return Frames(await while_connected(request, anext(stream)), stream, headers)
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
            told, ended = await self._told(run_id)
            return JSONResponse(shown(told, ended))
        told, _ = await self._told(run_id)
        stream = self._again(told, _after(request))
        return Frames(await anext(stream, b""), stream, {})  # nothing may be left of it

    async def cancel(self, request: Request) -> Response:
        """Return a response that has ended; one that has not runs on to its end."""
        told, ended = await self._told(_run_of(request))
        if ended is None:
            message = "a run that was begun ends by itself; nothing can be taken back from the log"
            raise ApiError(409, "invalid_request_error", "not_cancellable", message)
        return JSONResponse(shown(told, ended))

    async def input_items(self, request: Request) -> Response:
        """List what a response was asked with."""
        told, _ = await self._told(_run_of(request))
        data = [
            {
                "id": f"msg_{told.run_id}_{number}",
                "type": "message",
                "role": message.role,
                "status": "completed",
                "content": [{"type": "input_text", "text": message.content}],
            }
            for number, message in enumerate(told.request.messages)
        ]
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]}
        return JSONResponse({"object": "list", "data": data, "has_more": False, **ends})

    async def _again(self, told: Told, after: int) -> AsyncGenerator[bytes, None]:
        """Yield the events of a run that may have ended, or be under way."""
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        with self._asking.runs.waiting(told.run_id) as news:
            _, ended = await self._told(told.run_id)
            coming = _news_until(told.run_id, news, deadline, ended)
            async for frame in frames(told, coming, after):
                yield frame

    async def _told(self, run_id: RunId) -> tuple[Told, ResponseCompleted | RunFailed | None]:
        """Return a stored response with its end. Raises ApiError if there is none."""
        events = await self._events(run_id)
        first = events[0] if events else None
        if first is None or not isinstance(first.event, RequestReceived):
            raise _unknown(run_id)
        told = _of_record(first)
        if not told.is_stored:
            raise _unknown(run_id)
        last = events[-1].event
        return told, last if isinstance(last, ResponseCompleted | RunFailed) else None

    async def _earlier(self, previous: str | None) -> tuple[list[Message], str | None, bool]:
        """Return what was said before, and in which session. Raises ApiError."""
        if previous is None:
            return [], None, False
        try:
            told, ended = await self._told(RunId(previous.removeprefix(PREFIX)))
        except ApiError:
            message = f"there is no response {previous!r}"
            raise ApiError(404, "invalid_request_error", "previous_response_not_found", message,
                           "previous_response_id") from None  # fmt: skip
        if not isinstance(ended, ResponseCompleted):
            raise invalid(f"response {previous!r} has no answer", "previous_response_id")
        own = scope_of(Owner.SESSION, told.session)
        turns = said.turns(told.request, told.instructed, ended)
        return turns, told.session, told.request.remember_in == own

    async def _events(self, run_id: RunId) -> Events:
        reading = self._reading
        return await reading.aside(lambda: events_of(run_id, reading.log, reading.wire))


def _of_record(first: Envelope[RequestReceived]) -> Told:
    return Told(
        first.event.run_id, first.key, first.recorded_at_ms // 1000, first.event, first.head
    )


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


def _unknown(run_id: RunId) -> ApiError:
    message = f"there is no response {response_id(run_id)[:100]!r}"
    return ApiError(404, "invalid_request_error", "response_not_found", message)
